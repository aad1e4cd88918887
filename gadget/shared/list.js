// XML has no lists: one child arrives as itself, several as a list, none as null.

/**
 * Return what the Finesse library gives for repeated elements as a list.
 * @template T @param {T | T[] | null | undefined} value @returns {T[]}
 */
export function asList(value) {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}
