// <call-tabs>: the agent's calls, a panel each, one of them in front; tabs when there are several. Fires `arranged` when that changes.

import { h, own, tell } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { CallPanelElement } from "./call-panel.js";

export class CallTabsElement extends HTMLElement {
  /** @type {Map<string, CallPanelElement>} by the call's id */
  panels = new Map();
  #selected = "";
  #tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("call.tabs"), hidden: true });
  #calls = h("div", { class: "calls" });

  connectedCallback() {
    if (!this.firstChild) this.append(this.#tabs, this.#calls);
  }

  /** The panel in front. */
  get current() {
    return this.panels.get(this.#selected);
  }

  /** A new call's panel; it comes to the front. @param {string} id */
  open(id) {
    // Whoever is typing goes on typing: the new call is announced, and its tab is there.
    const { activeElement } = document;
    const typing =
      this.#calls.contains(activeElement) &&
      (activeElement instanceof HTMLInputElement || activeElement instanceof HTMLTextAreaElement);
    const panel = new CallPanelElement();
    panel.id = `call-${id}`;
    this.panels.set(id, panel);
    this.#calls.append(panel);
    if (!typing) this.#selected = id;
    return panel;
  }

  /** Away with a call; if it was in front, `next` is, or else the last one. @param {string} id @param {string} [next] */
  close(id, next) {
    this.panels.get(id)?.remove();
    this.panels.delete(id);
    if (this.#selected === id) this.#selected = next ?? [...this.panels.keys()].at(-1) ?? "";
  }

  /** Tabs when there are several calls; only the selected call's panel is seen. */
  arrange() {
    const several = this.panels.size > 1;
    const focused = this.#tabs.contains(document.activeElement);
    this.#tabs.hidden = !several;
    this.#tabs.replaceChildren(
      ...(several ? [...this.panels].map(([id, panel]) => this.#tab(id, panel)) : []),
    );
    for (const [id, panel] of this.panels) {
      panel.hidden = several && id !== this.#selected;
      if (several) {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", `tab-${id}`);
      } else panel.removeAttribute("role");
    }
    if (focused)
      /** @type {HTMLElement | null} */ (this.#tabs.querySelector("[aria-selected=true]"))?.focus();
    tell(this, "arranged");
  }

  /** @param {string} id @param {CallPanelElement} panel */
  #tab(id, panel) {
    const selected = id === this.#selected;
    const select = (/** @type {string} */ other) => {
      this.#selected = other;
      this.arrange();
    };
    const keys = (/** @type {KeyboardEvent} */ event) => {
      const ids = [...this.panels.keys()];
      const [next, before] =
        document.documentElement.dir === "rtl"
          ? ["ArrowLeft", "ArrowRight"]
          : ["ArrowRight", "ArrowLeft"];
      const step = { [next]: 1, [before]: -1 }[event.key];
      if (step) select(ids[(ids.indexOf(id) + step + ids.length) % ids.length]);
    };
    return h(
      "button",
      {
        type: "button",
        role: "tab",
        dir: "auto",
        id: `tab-${id}`,
        "aria-selected": selected,
        "aria-controls": panel.id,
        tabindex: selected ? 0 : -1,
        "data-phase": panel.call?.phase,
        onclick: () => select(id),
        onkeydown: keys,
      },
      own(panel.who.split(", ")[0] || panel.call?.number || ""),
    );
  }
}

customElements.define("call-tabs", CallTabsElement);
