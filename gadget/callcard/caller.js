// Who a call is with, for its card's title, its tab and the screen reader.

import { partnerOf } from "../shared/consults.js";
import { h, isolate, phoneNumber } from "../shared/dom.js";
import { countryName, formatDate, formatList, isolated, t } from "../shared/texts.js";
import { listTexts } from "./contact-flags.js";

/** @typedef {import("../shared/call.js").Call} Call */
/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/types.d.ts").Selection} Selection */

/**
 * `name` is empty until the look-up has answered; `spoken` is the whole for a screen reader, with
 * the flags too.
 * @typedef {{name: string, title: Node, about: Node[], spoken: string}} Caller
 */

/**
 * Describe the other side of a call, as far as it is known.
 * @param {CallState} state @returns {Caller}
 */
export function describeCaller(state) {
  const { call } = state;
  if (call.isConsult) {
    const name = state.nameOf(call.number);
    return caller(name, name ? isolate(name) : phoneNumber(call.number), [], []);
  }
  const customer = describeCustomer(state);
  if (!call.consultant) return customer;
  const who = agentOf(state);
  const about = customer.name;
  const title = about ? t("consult.fromAbout", { who, about }) : t("consult.from", { who });
  return { ...customer, name: title, title: isolate(title), spoken: title };
}

/** Return what a screen reader announces about a call; empty if there is nothing to announce.
 * @param {CallState} state */
export function announcementOf(state) {
  const { phase, direction, consultant, isPreview } = state.call;
  if (state.lookup.status !== "found") return "";
  const { spoken } = describeCaller(state);
  if (isPreview) return t("preview.announced", { who: spoken });
  if (phase !== "ringing" || direction !== "in") return "";
  return consultant ? spoken : t("caller.announced", { who: spoken });
}

/** Return who chose the contact on an earlier call. @param {Selection} selection */
export const whyRemembered = ({ chosen_by, chosen_at }) =>
  t("why.remembered", { who: isolated(chosen_by), when: formatDate(chosen_at) });

/** Why a call was not put through, and what to do. @type {Record<string, () => string>} */
const CAUSES = {
  BUSY: () => t("cause.busy"),
  BAD_DESTINATION: () => t("cause.badDestination"),
  DEVICE_RESOURCE_NOT_AVAILABLE: () => t("cause.noDevice"),
};

/** Return when the dialer calls this customer again; often empty. @param {Call} call */
const agreedTime = ({ callbackTime: at }) =>
  at &&
  t("callback.rescheduledAt", {
    when: t("callback.customerTime", { time: formatDate(at, true) }),
  });

/** What was done, where the call itself does not show it. @type {Record<string, (call: Call) => string>} */
const DONE = {
  callback: (call) => agreedTime(call) || t("callback.rescheduled"),
  record: () => t("call.recording"),
  "cancel-callback": () => t("callback.cancelled"),
};

/**
 * Return what the agent must know beside who it is: where the customer of a consult is, who else is
 * on the line, why the call failed. Often empty.
 * @param {CallState} state @param {CallState[]} running the agent's calls that are not over
 */
export function situationOf(state, running) {
  const { call, wasConsulted } = state;
  if (call.phase === "ended") return state.hasLeftOthers ? whoStayed(state) : agreedTime(call);
  if (call.phase === "failed") return (CAUSES[call.cause] ?? (() => t("cause.other")))();
  const done = DONE[state.confirmedAction]?.(call);
  if (done) return done;
  if (call.isPreview) return t("preview.notCalled");
  if (call.isConsult) return consultSituation(state, running);
  if (state.hasCustomerLeft) return `${t("consult.customerGone")} ${onTheLine(state)}`;
  if (call.consultant) {
    const who = agentOf(state);
    const { customer_left } = state.notes.interaction ?? {};
    if (customer_left || othersWithCustomer(state).length) return customerPlace(state);
    return call.heldBy.includes(call.consultant)
      ? t("consult.heldBy", { who })
      : t("consult.customerOnHold", { who });
  }
  if (call.others.length > 1 || call.heldBy.length) return onTheLine(state);
  if (wasConsulted) return t("consult.customerHere");
  return state.transferredBy && t("call.transferredBy", { who: state.transferredBy });
}

/**
 * Return where the customer is whom this agent consults about.
 * @param {CallState} state @param {CallState[]} running
 */
function consultSituation(state, running) {
  const partner = partnerOf(state, running);
  const isGone = !partner && (state.customerCallId || running.length < 2);
  if (isGone || partner?.hasCustomerLeft) return customerPlace(state);
  if (state.call.phase === "held") return "";
  if (state.call.heldBy.length) return onTheLine(state);
  // In a conference, they talk on.
  const others = partner ? participantsOf(partner).filter((each) => each.isOn) : [];
  const companions = others.filter(({ isCustomer }) => !isCustomer).map(({ name }) => name);
  return companions.length && companions.length < others.length
    ? t("consult.customerWith", { who: formatList(companions) })
    : t("call.consultNote");
}

/** Return who went on without this agent. @param {CallState} state */
function whoStayed(state) {
  const names = participantsOf(state).map(({ name }) => name);
  return t("call.whoStayed", { who: formatList(names) });
}

/**
 * Return who is on the line, and who has put the call on hold. A conference goes on meanwhile.
 * @param {CallState} state
 */
function onTheLine(state) {
  const others = participantsOf(state);
  const namesOf = (/** @type {boolean} */ isOn) =>
    formatList(others.filter((each) => each.isOn === isOn).map(({ name }) => name));
  const [on, heldBy] = [namesOf(true), namesOf(false)];
  const texts = [
    on && t("call.participants", { who: on }),
    heldBy &&
      (others.length > 1 ? t("call.away", { who: heldBy }) : t("call.heldBy", { who: heldBy })),
  ];
  return texts.filter(Boolean).join(" · ");
}

/** Return who has the customer, beside the agent who consults this one. @param {CallState} state */
function othersWithCustomer(state) {
  const { customer_with = [] } = state.notes.interaction ?? {};
  return state.call.consultant ? customer_with.filter((each) => each !== agentOf(state)) : [];
}

/**
 * Return where the customer is whom a consult is about. The agent who consults knows it from their
 * own calls.
 * @param {CallState} state
 */
function customerPlace(state) {
  const who = state.customerTransferredTo || formatList(othersWithCustomer(state));
  return who ? t("consult.customerWith", { who }) : t("consult.customerGone");
}

/** Return the others in a conference, by name where it is known. @param {CallState} state */
export function participantsOf(state) {
  const { call, customer, match } = state;
  // After a conference, the number that the call began with may be the consulted one's.
  const number = [customer.number, call.number].find((each) => call.others.includes(each));
  const name = match?.contact.name || match?.contact.company || customer.display;
  return call.others.map((address) => ({
    address,
    name: state.nameOf(address) || (address === number && name) || address,
    isCustomer: address === number && !state.nameOf(address),
    isOn: !call.heldBy.includes(address),
  }));
}

/** Return who consults this agent. @param {CallState} state */
const agentOf = (state) => state.agentName(state.call.consultant) || state.call.consultant;

/** @param {CallState} state @returns {Caller} */
function describeCustomer(state) {
  const { call, lookup, match, listWarnings } = state;
  const found = lookup.status === "found" ? lookup : null;
  const number = found?.result.number;
  const isWithheld = number?.kind === "withheld";
  const shown = isWithheld ? "" : number?.display || found?.number || "";
  const country = number?.kind === "public" ? countryName(number.country) : "";
  if (match) {
    const { name, company } = match.contact;
    const who = name || company;
    const employer = name && company ? company : "";
    return caller(
      match.how === "suffix" ? t("caller.perhaps", { who }) : who,
      isolate(who),
      [employer && isolate(employer), shown && phoneNumber(shown), country],
      [employer, shown, country, ...listTexts(listWarnings), ...match.contact.flags],
    );
  }
  if (!found) return caller("", phoneNumber(call.number), [], []);
  if (isWithheld && !found.result.matches.length) {
    const withheld = t("caller.withheld");
    return caller(withheld, isolate(withheld), [], []);
  }
  if (number?.kind === "internal") {
    const extension = t("caller.internal", { number: shown });
    const who = state.nameOf(call.number);
    if (who) return caller(who, isolate(who), [isolate(extension)], [extension]);
    return caller(extension, isolate(extension), [], []);
  }
  return caller(shown, phoneNumber(shown), [country], [country, ...listTexts(listWarnings)]);
}

/**
 * @param {string} name @param {Node} title @param {import("../shared/dom.js").Child[]} parts
 * @param {string[]} words the same parts for the ear @returns {Caller}
 */
function caller(name, title, parts, words) {
  const spoken = name && [name, ...words.filter(Boolean)].map(isolated).join(", ");
  const about = parts
    .filter(Boolean)
    .map((part) => h("span", {}, typeof part === "string" ? isolate(part) : part));
  return { name, title, about, spoken };
}
