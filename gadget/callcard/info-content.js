// What the info panel shows: which Callcard this is, for the help desk, and the keyboard shortcuts.

import { serviceStatus } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, isolate } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { MAX_BUTTONS } from "./call-notes.js";
import { describeShortcuts } from "./shortcuts.js";

/** Milliseconds for which the button says that it has copied. */
const COPIED_MS = 2000;

/**
 * Return the panel's content, as it is now.
 * @param {Pick<import("./agent.js").Agent, "wrapUpReasons" | "platform">} agent
 */
export function infoContent(agent) {
  const facts = factsOf();
  const copy = h("button", { type: "button" }, t("info.copy"));
  const text = h("textarea", {
    class: "hidden",
    readonly: true,
    tabindex: -1,
    "aria-hidden": true,
  });
  text.value = facts.map(([label, value]) => `${label}: ${value}`).join("\n");
  copy.addEventListener("click", () => {
    // The clipboard's own interface is not there without TLS, and not in every frame.
    text.select();
    document.execCommand("copy");
    copy.focus();
    copy.textContent = t("info.copied");
    setTimeout(() => (copy.textContent = t("info.copy")), COPIED_MS);
  });
  return [
    h("h3", {}, t("info.title")),
    list(facts),
    h("p", { class: "row" }, copy, text),
    h("h3", {}, t("info.shortcuts")),
    list([...describeShortcuts(), ...reasonKeys(agent)]),
  ];
}

/** @param {Parameters<typeof infoContent>[0]} agent */
function reasonKeys({ wrapUpReasons: { length }, platform }) {
  const hasButtons = length && (platform === "uccx" || length <= MAX_BUTTONS);
  return hasButtons ? [[`1–${Math.min(length, MAX_BUTTONS)}`, t("reason.label")]] : [];
}

/** Return what the help desk asks for; no number, name or credential of anybody's. */
function factsOf() {
  const { version, bundle, node, service } = desktop.about;
  return [
    [t("info.version"), `${version} (${bundle})`],
    [t("info.node"), node],
    [t("info.service"), service || "–"],
    [t("info.error"), serviceStatus.lastError || "–"],
  ];
}

/** @param {string[][]} rows */
const list = (rows) =>
  h(
    "dl",
    {},
    rows.flatMap(([label, value]) => [h("dt", {}, isolate(label)), h("dd", { dir: "ltr" }, value)]),
  );
