// <app-info>: which Callcard this is, for the help desk, and the keyboard shortcuts. A button, and
// below the bar what it opens.

import { h } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { t } from "../shared/texts.js";
import { loadLater } from "./load-later.js";

export class AppInfoElement extends CallcardElement {
  static tag = "app-info";

  #agent;
  /** Opens and closes it; the page places it. */
  button = h(
    "button",
    {
      type: "button",
      class: "quiet info",
      "aria-label": t("info.open"),
      title: t("info.open"),
      "aria-expanded": false,
      onclick: () => this.#toggle(),
    },
    h("span", { class: "icon info" }),
  );

  /** @param {import("./agent.js").Agent} agent whose reasons the keys choose */
  constructor(agent) {
    super();
    this.#agent = agent;
  }

  build() {
    this.hidden = true;
    const onKey = (/** @type {KeyboardEvent} */ { key }) => {
      if (key !== "Escape") return;
      this.close();
      this.button.focus();
    };
    this.addEventListener("keydown", onKey);
    this.button.addEventListener("keydown", onKey);
  }

  close() {
    if (!this.hidden) this.#toggle();
  }

  #toggle() {
    this.hidden = !this.hidden;
    this.button.setAttribute("aria-expanded", String(!this.hidden));
    if (!this.hidden) void this.#show();
  }

  async #show() {
    try {
      const { infoContent } = await loadLater();
      this.replaceChildren(...infoContent(this.#agent));
    } catch {
      this.textContent = t("error.load");
    }
  }
}
