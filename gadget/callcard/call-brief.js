// <call-brief>: what an agent reads before saying hello, in at most four lines: open cases, the last
// contact, what the call is about, and the caller's language.

import { dotted, h, isolate } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { headline } from "../shared/history.js";
import { formatDate, languageName, t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/dom.js").Child} Child */

const MAX_VARIABLES = 3;

export class CallBriefElement extends CallcardElement {
  static tag = "call-brief";

  #shown = "";

  /**
   * Show a call's brief.
   * @param {CallState} state
   * @param {Map<string, string>} labels of call variables by name, the most important first
   */
  show({ call, match }, labels) {
    const about = call.isConsult ? [] : valuesToShow(call.variables, labels);
    const shown = JSON.stringify([about, match?.contact]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const lines = [...(match ? contactLines(match.contact) : []), ...aboutLine(about)];
    if (match?.contact.language)
      lines.push(line(t("brief.language"), languageName(match.contact.language)));
    this.replaceChildren(lines.length ? h("dl", {}, lines.flat()) : "");
  }
}

/** @param {import("../shared/types.d.ts").Contact} contact @returns {Node[][]} */
function contactLines({ cases, interactions }) {
  const lines = [];
  const [first] = cases;
  if (first) lines.push(line(t("brief.cases", { count: cases.length }), isolate(first.subject)));
  const [last] = interactions;
  if (last)
    lines.push(line(t("brief.last"), formatDate(last.started_at), " · ", ...headline(last)));
  return lines;
}

/** @param {string[]} values */
const aboutLine = (values) =>
  values.length ? [line(t("brief.about"), ...dotted(values.map(isolate)))] : [];

/**
 * Return the values of the call variables that the team's layout shows, or of the first ones if it
 * has no labels. The dialer's own (BA…) say nothing to an agent.
 * @param {{name: string, value: string}[]} variables @param {Map<string, string>} labels
 */
export function valuesToShow(variables, labels) {
  const known = new Map(variables.map(({ name, value }) => [name, value]));
  const names = labels.size ? [...labels.keys()] : [...known.keys()];
  return names
    .filter((name) => known.has(name) && !name.startsWith("BA"))
    .slice(0, MAX_VARIABLES)
    .map((name) => known.get(name) ?? "");
}

/** @param {string} label @param {...Child} value */
function line(label, ...value) {
  const text = h("dd", {}, value);
  text.title = text.textContent ?? "";
  return [h("dt", {}, label), text];
}
