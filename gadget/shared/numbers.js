// Comparison of telephone numbers in different notations. No DOM.

/** Digits that two notations of a number have in common at the end. */
const SUFFIX_DIGITS = 8;

/** Return what the notations of a number have in common. @param {string} number */
export const lastDigits = (number) => number.replace(/\D/g, "").slice(-SUFFIX_DIGITS);

/**
 * Return whether two texts are the same number; without a digit, none is.
 * @param {string} one @param {string} other
 */
export function isSameNumber(one, other) {
  const digits = lastDigits(one);
  return digits !== "" && digits === lastDigits(other);
}
