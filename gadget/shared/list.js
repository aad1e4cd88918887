// XML says nothing of lists: one child comes as itself, two as a list, none as null.

/** @template T @param {T | T[] | null | undefined} value @returns {T[]} */
export const list = (value) =>
  Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
