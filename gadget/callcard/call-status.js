// The first line of a call's card: what the call is doing, for how long, and where it is from.

import { desktop } from "../shared/desktop.js";
import { h, isolate } from "../shared/dom.js";
import { formatDuration, t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

/** @type {Record<import("../shared/call.js").Phase, (direction: string) => string>} */
const PHASE_TEXTS = {
  ringing: (direction) => (direction === "in" ? t("phase.ringing") : t("phase.dialling")),
  dialling: () => t("phase.dialling"),
  talking: () => t("phase.talking"),
  held: () => t("phase.held"),
  failed: () => t("phase.failed"),
  ended: () => t("phase.ended"),
};

/**
 * Return where a call comes from: a dialer's campaign, or a queue. One that a consult became has
 * the customer's.
 * @param {CallState} state
 */
export function queueText({ call, notes }) {
  const campaign = call.variables.find(({ name }) => name === "BACampaign")?.value;
  const queue = call.queue || (!call.isConsult && notes.interaction?.queue);
  if (campaign) return [t("call.campaign"), " ", isolate(campaign)];
  return queue ? [h("span", { class: "label" }, t("call.queue"), " "), isolate(queue)] : [];
}

/** Whether a call has ended before anybody answered. @param {CallState} state */
export const isUnanswered = ({ call, talkingSince }) =>
  call.phase === "ended" && !call.consultant && Number.isNaN(talkingSince);

/** Return what a call is doing. @param {CallState} state */
export function phaseText(state) {
  const { call, transferredTo } = state;
  if (state.isMissedConsult) return t("phase.consultMissed");
  if (call.phase === "ended" && transferredTo)
    return t("phase.transferred", { who: transferredTo });
  if (state.isPreview) return t("phase.preview");
  if (call.isConsult && call.phase === "talking") return t("phase.consult");
  if (state.hasLeftOthers) return t("phase.left");
  if (isUnanswered(state))
    return call.direction === "in" ? t("outcome.missed") : t("outcome.notReached");
  if (call.consultant && call.phase === "ringing") return t("phase.consultRinging");
  return PHASE_TEXTS[call.phase](call.direction);
}

/**
 * Return for how long the call has been ringing or on, and how long this time on hold; once it has
 * ended, how long it was.
 * @param {CallState} state
 */
export function clockText({ call, talkingSince, endedAt }) {
  const ago = (/** @type {number} */ since, until = desktop.now) =>
    Number.isNaN(since) || Number.isNaN(until) ? "" : formatDuration((until - since) / 1000);
  if (call.phase === "ended") return ago(talkingSince, endedAt);
  const whole = ago(talkingSince);
  if (call.phase === "held" && whole) return `${ago(call.since)} (${whole})`;
  return call.phase === "talking" && whole ? whole : ago(call.since);
}
