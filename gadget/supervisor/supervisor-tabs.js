// <supervisor-tabs>: the team's board in front, and the panels beside it, which are loaded when one
// is opened and read while it is in front.

import { h, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";

/** @typedef {"team" | "queues" | "lists" | "parked" | "audit"} TabName */

/** @type {Record<TabName, () => string>} */
const LABELS = {
  team: () => t("board.team"),
  queues: () => t("board.queues"),
  lists: () => t("board.lists"),
  parked: () => t("board.parked"),
  audit: () => t("board.audit"),
};

export class SupervisorTabsElement extends CallcardElement {
  static tag = "supervisor-tabs";

  /** Return an agent's name; the id itself of an unknown one. @param {string} id */
  nameOf = (id) => id;

  /** @type {TabName} */
  #selected = "team";
  #tries = 0;
  /** @type {Map<TabName, HTMLButtonElement>} */
  #tabs = new Map();
  /** @type {HTMLElement} */
  #board = h("div");
  #panel = h("div", { role: "tabpanel", id: uniqueId("panel"), tabindex: 0 });
  #error = h("p", { class: "error", role: "alert" });

  /** Set what the first tab shows. @param {HTMLElement} board */
  setBoard(board) {
    this.#board = board;
  }

  build() {
    const names = /** @type {TabName[]} */ (Object.keys(LABELS));
    for (const name of names) {
      const tab = h("button", {
        type: "button",
        role: "tab",
        id: uniqueId("tab"),
        "aria-controls": this.#panel.id,
        onclick: () => this.#select(name),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event, names),
      });
      tab.textContent = LABELS[name]();
      this.#tabs.set(name, tab);
    }
    const list = h("div", { class: "tabs", role: "tablist" }, ...this.#tabs.values());
    this.append(list, this.#panel, this.#error);
    this.#select(this.#selected);
  }

  /** Read what the panel in front shows again. */
  read() {
    if (this.#selected !== "team") void this.#readPanel();
  }

  /** @param {TabName} name */
  #select(name) {
    this.#selected = name;
    for (const [each, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
      if (each === name) this.#panel.setAttribute("aria-labelledby", tab.id);
    }
    this.#error.textContent = "";
    this.#panel.replaceChildren(
      name === "team" ? this.#board : h("p", { class: "about loading" }, t("board.loading")),
    );
    this.read();
  }

  async #readPanel() {
    const name = this.#selected;
    try {
      this.#tries += 1;
      const { openPanels } = await import("./later.js");
      const panels = await openPanels(this.#tries, this.nameOf);
      if (name === "team") return;
      const panel = panels[name];
      await panel.read();
      if (name !== this.#selected) return;
      this.#error.textContent = "";
      if (panel.parentElement !== this.#panel) this.#panel.replaceChildren(panel);
    } catch (error) {
      if (name !== this.#selected) return;
      this.#error.textContent = errorText(error);
      this.#panel.querySelector(".loading")?.remove();
    }
  }

  /** @param {KeyboardEvent} event @param {TabName[]} names */
  #onKey({ key }, names) {
    const isRtl = document.documentElement.dir === "rtl";
    const steps = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 };
    const at = names.indexOf(this.#selected);
    /** @type {Record<string, number>} */
    const places = {
      ArrowRight: at + steps.ArrowRight,
      ArrowLeft: at + steps.ArrowLeft,
      Home: 0,
      End: names.length - 1,
    };
    if (!(key in places)) return;
    const next = (places[key] + names.length) % names.length;
    this.#select(names[next]);
    this.#tabs.get(names[next])?.focus();
  }
}
