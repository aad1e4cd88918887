// What draws the agent to a call: the gadget's tab and title, a notification when they look at
// another window, and what a screen reader announces.

import { desktop } from "../shared/desktop.js";
import { h } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { announcementOf, describeCaller } from "./caller.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */

export class Attention {
  /** When a call brings the gadget's tab to the front. @type {"ring" | "answer" | "never"} */
  bringToFront = "ring";
  /** What a screen reader announces. */
  element = h("div", { class: "hidden", "aria-live": "assertive" });
  /** Calls that have been shown as a notification, by their ids. @type {Set<string>} */
  #notified = new Set();
  #title = "";

  /** Follow a change of the agent's calls. @param {import("../shared/calls-model.js").Change} change */
  follow({ type, state }) {
    const { phase, direction } = state.call;
    if (type === "opened" && phase === "ringing" && this.bringToFront === "ring")
      desktop.activateTab();
    if (type === "answered" && direction === "in" && this.bringToFront === "answer")
      desktop.activateTab();
    if (type === "closed" || type === "ended") this.#notified.delete(state.id);
    if (type === "opened") this.element.textContent = ""; // the same words again are news
    // Who consults becomes known after the customer.
    const text = type === "caller" || state.call.consultant ? announcementOf(state) : "";
    if (text && text !== this.element.textContent) this.element.textContent = text;
    if (state.lookup.status !== "looking") this.#notify(state);
  }

  /** Notify the agent of something that is due now. @param {string} text */
  remind(text) {
    this.element.textContent = text;
    desktop.notify(t("title"), text);
  }

  /**
   * Show in the gadget's title who rings, or else whom to call back now.
   * @param {CallState[]} running @param {string} overdue the customer's name
   */
  showTitle(running, overdue) {
    const ringing = running.find(({ call }) => call.phase === "ringing");
    const due = overdue ? t("callback.due", { who: overdue }) : t("title");
    const title = ringing ? `● ${describeCaller(ringing).name || ringing.call.number}` : due;
    if (title === this.#title) return;
    this.#title = title;
    desktop.setTitle(title);
  }

  /** Show who rings outside the browser, once. @param {CallState} state */
  #notify(state) {
    if (state.call.phase !== "ringing" || this.#notified.has(state.id)) return;
    this.#notified.add(state.id);
    if (this.bringToFront === "never") return;
    const flags = state.match?.contact.flags ?? [];
    const { queue } = state.call;
    desktop.notify(nameOf(state), [...flags, queue].filter(Boolean).join(" · "));
  }
}

/** Return who rings, in words. @param {CallState} state */
const nameOf = (state) =>
  announcementOf(state) || t("caller.announced", { who: state.call.number });
