// <call-brief>: what an agent reads before saying hello, in at most four lines: what a colleague wrote
// who passes the call on, what they noted themselves for a callback, open cases, the last contact,
// what the call is about, and the caller's language. Below them, the other call variables that the
// team's layout shows, as chips.

import { h, isolate } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { headline } from "../shared/history.js";
import { formatDate, languageName, t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/dom.js").Child} Child */
/** @typedef {{name: string, value: string}} Variable */

const MAX_VARIABLES = 3;
const MAX_LINES = 4;

export class CallBriefElement extends CallcardElement {
  static tag = "call-brief";

  #shown = "";
  /** What a colleague had written when the call rang: it stays, as the buttons are below.
   * @type {import("../shared/types.d.ts").AgentNotes | undefined} */
  #written;

  /**
   * Show a call's brief.
   * @param {CallState} state
   * @param {Map<string, string>} labels of call variables by name, the most important first
   */
  show({ call, match, callback, lookup, notes, isRinging }, labels) {
    const about = call.isConsult ? [] : valuesToShow(call.variables, labels);
    const further = call.isConsult ? [] : furtherVariables(call.variables, labels);
    const { interactions: unnamed = [] } = lookup.status === "found" ? lookup.result : {};
    if (isRinging) this.#written = notes.colleagues.filter(({ text }) => text).at(-1);
    const written = this.#written;
    const shown = JSON.stringify([about, further, match?.contact, callback, unnamed, written]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const known = match ? contactLines(match.contact) : lastLine(unnamed);
    const lines = [...known, ...aboutLine(about)];
    if (callback) lines.unshift(callbackLine(callback, match?.contact));
    if (written) lines.unshift(line(written.name, [isolate(written.text)], "", "written"));
    if (match?.contact.language)
      lines.push(line(t("brief.language"), [languageName(match.contact.language)]));
    this.replaceChildren(
      lines.length ? h("dl", {}, lines.slice(0, MAX_LINES).flat()) : "",
      further.length ? chips(further) : "",
    );
  }
}

/** @param {import("../shared/types.d.ts").Contact} contact @returns {Node[][]} */
function contactLines({ cases, interactions }) {
  const lines = [];
  const [first] = cases;
  if (first) lines.push(line(t("brief.cases"), [first.subject], `(${cases.length}) `));
  return [...lines, ...lastLine(interactions)];
}

/** What came of calls in which nobody spoke to the customer. */
const UNANSWERED = ["missed", "failed"];

/**
 * Return the line of the last conversation; of the last attempt if there was none.
 * @param {import("../shared/types.d.ts").HistoryEntry[]} interactions @returns {Node[][]}
 */
function lastLine(interactions) {
  const last = interactions.find(({ outcome }) => !UNANSWERED.includes(outcome)) ?? interactions[0];
  if (!last) return [];
  return [line(t("brief.last"), headline(last), `${formatDate(last.started_at)} · `)];
}

/**
 * Return what the agent noted for a callback, and for whom unless that is who is shown.
 * @param {import("../shared/types.d.ts").Callback} callback
 * @param {import("../shared/types.d.ts").Contact} [contact]
 */
function callbackLine({ name, note }, contact) {
  const isShown = !name || name === contact?.name || name === contact?.company;
  return line(
    t("brief.callback"),
    isShown ? [isolate(note)] : [isolate(name), " · ", isolate(note)],
  );
}

/** @param {string[]} values */
const aboutLine = (values) => (values.length ? [line(t("brief.about"), [values.join(" · ")])] : []);

/**
 * Return the values of the call variables that the team's layout shows, or of the first ones if it
 * has no labels. The dialer's own (BA…) say nothing to an agent.
 * @param {Variable[]} variables @param {Map<string, string>} labels
 */
export function valuesToShow(variables, labels) {
  return inOrder(variables, labels)
    .slice(0, MAX_VARIABLES)
    .map(({ value }) => value);
}

/**
 * Return the call variables that the team's layout shows beside the first ones, by their labels.
 * @param {Variable[]} variables @param {Map<string, string>} labels
 */
const furtherVariables = (variables, labels) =>
  inOrder(variables, labels)
    .slice(MAX_VARIABLES)
    .map(({ name, value }) => ({ label: labels.get(name), value }))
    .filter(({ label, value }) => label && value);

/**
 * @param {Variable[]} variables @param {Map<string, string>} labels
 * @returns {Variable[]}
 */
function inOrder(variables, labels) {
  const known = new Map(variables.map((variable) => [variable.name, variable]));
  const names = labels.size ? [...labels.keys()] : [...known.keys()];
  return names.flatMap((name) => (name.startsWith("BA") ? [] : (known.get(name) ?? [])));
}

/** @param {{label: string | undefined, value: string}[]} variables */
const chips = (variables) =>
  h(
    "ul",
    { class: "chips", "aria-label": t("call.variables") },
    variables.map(({ label, value }) => h("li", { title: value }, `${label}: `, isolate(value))),
  );

/**
 * Return a line. Its last part, as a note, is cut first where there is no room, and at its own end:
 * an English one in an Arabic line, too.
 * @param {string} label @param {Child[]} value @param {string} [before] what is never cut
 * @param {string} [style] the line's class
 */
function line(label, value, before = "", style = "") {
  const isLong = value.length > 2;
  const parts = isLong ? [value.slice(0, -1), value.slice(-1)] : [value];
  const text = parts.map((part) => h("span", {}, part));
  const content = h("dd", { class: style }, before, text);
  content.title = content.textContent ?? "";
  return [h("dt", {}, label), content];
}
