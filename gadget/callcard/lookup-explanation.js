// <lookup-explanation>: why the card shows whom it shows: what each source was asked, how long it
// took, and what became of its records. Fires `callcard-record-closed` and asks
// `callcard-lookup-explained`.

import { dotted, emit, h, isolate, phoneNumber, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";
import { whyRemembered } from "./caller.js";

/** @typedef {import("../shared/types.d.ts").Explanation} Explanation */
/** @typedef {import("../shared/types.d.ts").FoundRecord} FoundRecord */
/** @typedef {import("../shared/types.d.ts").LookupResult} LookupResult */

/** @type {Record<string, () => string>} */
const RULES = {
  chosen: () => t("why.chosen"),
  variable: () => t("why.variable"),
  "only-match": () => t("why.onlyMatch"),
  "last-used": () => t("why.lastUsed"),
  "last-updated": () => t("why.lastUpdated"),
  earliest: () => t("why.earliest"),
  "source-order": () => t("why.sourceOrder"),
};

export class LookupExplanationElement extends CallcardElement {
  static tag = "lookup-explanation";

  /**
   * Explain a look-up.
   * @param {string} number as it was looked up @param {LookupResult} result what came of it
   */
  show(number, result) {
    const title = h("h3", { tabindex: -1 }, t("why.title"));
    const close = () => emit(this, "callcard-record-closed", null);
    const sources = h("div", { role: "status" }, t("lookup.looking"));
    this.replaceChildren(
      h("header", {}, title, h("button", { type: "button", onclick: close }, t("close"))),
      h("p", {}, reasonOf(result)),
      sources,
    );
    title.focus();
    void this.#showSources(number, sources);
  }

  /** @param {string} number @param {HTMLElement} place */
  async #showSources(number, place) {
    try {
      const explanation = await request(this, "callcard-lookup-explained", { number });
      place.replaceChildren(reading(explanation), ...explanation.sources.map(sourceSection));
    } catch (error) {
      place.replaceChildren(h("p", { class: "error" }, errorText(error)));
    }
  }
}

/** Return why one contact is shown, or none. @param {LookupResult} result */
function reasonOf({ matches, selection, sources }) {
  const isWhole = Object.values(sources).every((status) => status === "ok");
  if (selection?.rule === "remembered") return whyRemembered(selection);
  if (selection?.rule === "only-match" && !isWhole) return t("why.onlyMatchYet");
  if (selection) return RULES[selection.rule]();
  if (matches.length) return t("why.several");
  return isWhole ? t("search.none") : t("search.noneYet");
}

/** @param {Explanation} explanation */
function reading({ number }) {
  const { given, e164, display } = number;
  const read = h("bdi", { dir: "ltr" }, e164 || display || "–");
  return h("p", { class: "about" }, isolate(given), " → ", read);
}

/** @param {Explanation["sources"][number]} source */
function sourceSection({ name, problem, seconds, state, requests, records }) {
  const time = t("why.milliseconds", { count: Math.round(1000 * seconds) });
  const rows = records.map((record) => h("li", {}, recordRow(record)));
  const asked = requests.map((text) => h("li", { dir: "ltr" }, text));
  return h(
    "section",
    {},
    h("h4", {}, isolate(name), " · ", time),
    problem ? h("p", { class: "note warning" }, isolate(problem)) : "",
    state ? h("p", { class: "about" }, isolate(state)) : "",
    rows.length ? h("ul", {}, rows) : !problem && h("p", { class: "about" }, t("search.none")),
    asked.length
      ? h(
          "details",
          {},
          h("summary", {}, t("why.asked", { count: asked.length })),
          h("ol", {}, asked),
        )
      : "",
  );
}

/** @param {FoundRecord} record */
function recordRow(record) {
  const { name, number, label, how } = record;
  const agrees = how === "suffix" ? t("why.lastDigits") : "";
  return [
    h("strong", {}, isolate(name)),
    h(
      "span",
      { class: "about" },
      dotted([verdictOf(record), number && phoneNumber(number), label && isolate(label), agrees]),
    ),
  ];
}

/** @param {FoundRecord} record */
function verdictOf({ verdict, merged_by }) {
  if (verdict === "selected") return t("why.shown");
  if (verdict === "offered") return t("why.offered");
  return merged_by === "email" ? t("why.sameEmail") : t("why.sameName");
}
