// Which agents the board shows, in which order, and who needs a look. No DOM.

/** @typedef {import("./types.d.ts").TeamMember} TeamMember */
/** @typedef {import("./types.d.ts").Threshold} Threshold */
/** @typedef {"ready" | "busy" | "wrap-up" | "not-ready" | "signed-out"} Group */
/** @typedef {"name" | "state" | "longest"} Order */

/** The groups of states, those that supervisors look at first in front. @type {Group[]} */
export const GROUPS = ["ready", "busy", "wrap-up", "not-ready", "signed-out"];

/** Return the group of a state; an unknown one is busy. @param {string} state @returns {Group} */
export function groupOf(state) {
  switch (state) {
    case "READY":
      return "ready";
    case "NOT_READY":
      return "not-ready";
    case "WORK":
    case "WORK_READY":
      return "wrap-up";
    case "LOGOUT":
    case "":
      return "signed-out";
    default:
      return "busy";
  }
}

/**
 * Return for how many seconds a member has been in their state; NaN if it is not known.
 * @param {TeamMember} member @param {number} now in milliseconds
 */
export const secondsInState = ({ state_since }, now) =>
  Math.max(0, (now - Date.parse(state_since)) / 1000);

/**
 * Return whether a member has been in their state for too long.
 * @param {TeamMember} member @param {Record<string, Threshold>} thresholds @param {number} now
 * @returns {"" | "amber" | "red"}
 */
export function levelOf(member, thresholds, now) {
  const threshold = thresholds[member.state];
  const seconds = secondsInState(member, now);
  if (!threshold || !(seconds >= threshold.amber_seconds)) return "";
  return seconds >= threshold.red_seconds ? "red" : "amber";
}

/** Count the members of each group. @param {Iterable<TeamMember>} members */
export function countGroups(members) {
  const counts = Object.fromEntries(GROUPS.map((group) => [group, 0]));
  for (const { state } of members) counts[groupOf(state)] += 1;
  return counts;
}

/**
 * Return the members to show, in order.
 * @param {Iterable<TeamMember>} members
 * @param {object} choice
 * @param {Group | ""} choice.group only these; empty for all who are signed in
 * @param {string} choice.text in the name, the extension or the customer's name
 * @param {Order} choice.order
 * @param {string} choice.language for the order of names
 */
export function rowsOf(members, { group, text, order, language }) {
  const wanted = text.trim().toLocaleLowerCase(language);
  const shown = [...members].filter(
    (member) =>
      (group ? groupOf(member.state) === group : groupOf(member.state) !== "signed-out") &&
      (!wanted || searchText(member).toLocaleLowerCase(language).includes(wanted)),
  );
  const { compare } = new Intl.Collator(language, { numeric: true });
  /** @type {Record<Order, (one: TeamMember, other: TeamMember) => number>} */
  const orders = {
    name: () => 0,
    state: (one, other) =>
      GROUPS.indexOf(groupOf(one.state)) - GROUPS.indexOf(groupOf(other.state)),
    longest: (one, other) => startOf(one) - startOf(other),
  };
  return shown.sort(
    (one, other) =>
      orders[order](one, other) || compare(one.name, other.name) || compare(one.id, other.id),
  );
}

/** @param {TeamMember} member */
const searchText = ({ name, extension, calls }) =>
  [name, extension, ...calls.flatMap((call) => [call.name, call.number, call.queue])].join(" ");

/** Since when; an unknown time comes last. @param {TeamMember} member */
const startOf = ({ state_since }) => Date.parse(state_since) || Number.MAX_SAFE_INTEGER;

/**
 * Return the calls that a member can have in their state: the report of an end may be late or lost.
 * @param {TeamMember} member @param {import("../shared/types.d.ts").Platform} platform
 */
export function callsOf({ state, calls }, platform) {
  const group = groupOf(state);
  if (group === "busy") return calls;
  // UCCX leaves an agent not ready during a call that no queue gave them.
  if (group === "not-ready" && platform === "uccx") return calls;
  return group === "signed-out" ? [] : calls.filter((call) => call.state === "ALERTING");
}
