// A contact's earlier interactions, in the agent's words: what came of a call, how long it was, and
// what was noted.

import { directionIcon } from "./direction-icon.js";
import { dotted, h, isolate } from "./dom.js";
import { formatDate, formatLength, t } from "./texts.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./types.d.ts").HistoryEntry} HistoryEntry */

/** Kinds of interactions; an unknown one is shown as the CRM calls it. */
const ENTRY_KINDS = new Map([
  ["call", () => t("kind.call")],
  ["chat", () => t("kind.chat")],
  ["mail", () => t("kind.mail")],
  ["email", () => t("kind.mail")],
]);

/** What came of a call, unless it was completed. @type {Record<string, () => string>} */
const OUTCOMES = {
  missed: () => t("outcome.missed"),
  failed: () => t("outcome.failed"),
  transferred: () => t("outcome.transferred"),
  lost: () => t("outcome.lost"),
};
/** Outcomes of which several in a row on one day become one row. */
const FOLDED = ["missed", "failed"];

/**
 * Return the rows of a history.
 * @param {HistoryEntry[]} entries the latest first @returns {Child[][]}
 */
export const historyRows = (entries) =>
  folded(entries).map(({ entry, count }) => row(entry, count));

/** Return what an entry was about, in a line. @param {HistoryEntry} entry @param {number} [count] */
export function headline(entry, count = 1) {
  const { kind, subject, direction, outcome, duration_seconds, wrap_up_reasons, notes } = entry;
  if (subject || !outcome) return [isolate(subject || kindText(kind))];
  const reasons = wrap_up_reasons.join(", ");
  const [firstLine] = notes.split("\n");
  const isUnanswered = outcome === "missed" && direction === "out";
  const parts = [
    isUnanswered ? t("outcome.notReached") : (OUTCOMES[outcome]?.() ?? ""),
    reasons && isolate(reasons),
    formatLength(duration_seconds),
    firstLine && isolate(firstLine),
  ].filter(Boolean);
  if (count > 1) parts[0] = t("outcome.several", { count, what: String(parts[0]) });
  return [directionIcon(direction), ...dotted(parts.length ? parts : [kindText(kind)])];
}

/** @param {string} kind */
const kindText = (kind) => ENTRY_KINDS.get(kind.toLowerCase())?.() ?? kind;

/** @param {HistoryEntry} entry @param {number} count @returns {Child[]} */
function row(entry, count) {
  const { started_at, kind, subject, agent, notes } = entry;
  const about = [
    formatDate(started_at),
    subject && isolate(kindText(kind)),
    agent && isolate(agent),
  ];
  const line = h("span", { class: "what" }, headline(entry, count));
  const more = h("span", { class: "about" }, dotted(about));
  return notes ? [expandable([line, more], notes)] : [line, more];
}

/** Return a row that shows its notes on request. @param {Node[]} line @param {string} notes */
export const expandable = (line, notes) =>
  h("details", {}, h("summary", {}, line), h("p", { class: "notes-text" }, isolate(notes)));

/** Put missed calls of one day together. @param {HistoryEntry[]} entries */
function folded(entries) {
  /** @type {{entry: HistoryEntry, count: number}[]} */
  const rows = [];
  for (const entry of entries) {
    const last = rows.at(-1);
    if (last && isSameFold(last.entry, entry)) last.count += 1;
    else rows.push({ entry, count: 1 });
  }
  return rows;
}

/** @param {HistoryEntry} one @param {HistoryEntry} other */
const isSameFold = (one, other) =>
  FOLDED.includes(one.outcome) &&
  one.outcome === other.outcome &&
  one.direction === other.direction &&
  !one.notes &&
  !other.notes &&
  new Date(one.started_at).toDateString() === new Date(other.started_at).toDateString();
