// What an entry of the audit says, in the supervisor's language. No DOM.

import { stateLabel, t } from "../shared/texts.js";

/** What the service records, by its own words. @type {Record<string, () => string>} */
const ACTIONS = {
  monitor: () => t("board.listen"),
  barge: () => t("board.join"),
  intercept: () => t("board.takeOver"),
  coach: () => t("audit.coach"),
  rejected: () => t("audit.rejected"),
  diverted: () => t("audit.diverted"),
  "not dialled": () => t("audit.notDialled"),
  "not logged": () => t("audit.notLogged"),
  "remember contact": () => t("audit.contactChosen"),
  "forget contact": () => t("audit.contactForgotten"),
};
/** @type {Record<string, () => string>} */
const LISTS = {
  allow: () => t("list.allow"),
  deny: () => t("list.deny"),
  flag: () => t("list.flag"),
  "do-not-call": () => t("list.doNotCall"),
  "never-log": () => t("list.neverLog"),
};
/** Behind an action or before a list. @type {Record<string, () => string>} */
const HOW = {
  refused: () => t("audit.refused"),
  "not permitted": () => t("audit.notPermitted"),
  "added to": () => t("audit.added"),
  "proposed for": () => t("audit.proposed"),
  "accepted for": () => t("audit.accepted"),
  "changed on": () => t("audit.changed"),
  "removed from": () => t("audit.removed"),
  "rejected for": () => t("audit.declined"),
};

/**
 * Return what was done, as in `state READY refused` or `added to deny`; what is unknown as it is.
 * @param {string} action
 */
export function auditText(action) {
  const listed = /^(.+ (?:to|for|on|from)) (\S+)$/.exec(action);
  if (listed) return withHow(LISTS[listed[2]]?.(), listed[1]) ?? action;
  const [, done, how] = /^(.+?)(?: (refused|not permitted))?$/.exec(action) ?? [];
  const state = /^state (\S+)$/.exec(done ?? "")?.[1];
  const what = state
    ? t("audit.with", { what: t("board.state"), how: stateLabel(state) })
    : ACTIONS[done]?.();
  return (how ? withHow(what, how) : what) ?? action;
}

/** @param {string | undefined} what @param {string} how */
function withHow(what, how) {
  const text = HOW[how]?.();
  return what && text ? t("audit.with", { what, how: text }) : undefined;
}
