// A list that is read again while somebody works in it: its rows stay where they are.

import { lockPresses } from "./dom.js";

/** The rows of each list, by the id of what they show. @type {WeakMap<HTMLElement, Map<string, HTMLElement>>} */
const rowsOf = new WeakMap();

/**
 * Show entries as rows. Those that are shown stay where they are and new ones come last, so that no
 * press meets another row than the one that was aimed at; what lies below a row that goes takes no
 * press at first. The focus stays, or goes to the list itself if its row has gone. A row that has the
 * focus or is inert is not changed.
 * @template {{id: string}} Entry
 * @param {HTMLElement} list @param {Entry[]} entries @param {(entry: Entry) => HTMLElement} makeRow
 */
export function keepRows(list, entries, makeRow) {
  const rows = rowsOf.get(list) ?? new Map();
  rowsOf.set(list, rows);
  const ids = new Set(entries.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (row.parentElement === list && ids.has(id)) continue;
    rows.delete(id);
    if (row.parentElement !== list) continue;
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    lockPresses(list);
    if (!hadFocus) continue;
    list.tabIndex = -1;
    list.focus();
  }
  for (const entry of entries) {
    const row = rows.get(entry.id);
    const made = makeRow(entry);
    const isInUse = row && (row.inert || row.contains(document.activeElement));
    if (row && (isInUse || row.textContent === made.textContent)) continue;
    if (row) row.replaceWith(made);
    else list.append(made);
    rows.set(entry.id, made);
  }
}
