// <call-targets>: whom to consult or to send the call to: found in the team, the phone books and the contacts, or typed as a number.
// Fires `target` with {action: "consult" | "transfer", to}.

import { api } from "../shared/api.js";
import { h, own, phone, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { STATES } from "./agent-state.js";
import { sentence } from "./failures.js";

/** @typedef {import("../shared/types.d.ts").Target} Target */

/** Milliseconds of quiet before what was typed is searched. */
const QUIET = 200;
const NUMBER = /^\+?[\d\s()./*#-]{2,}$/;

/** @type {Record<Target["kind"], () => string>} */
const KINDS = {
  agent: () => t("target.agent"),
  "phone-book": () => t("target.phoneBook"),
  contact: () => t("target.contact"),
};

export class CallTargetsElement extends HTMLElement {
  #input = h("input", {
    id: uniqueId("target"),
    type: "search",
    autocomplete: "off",
    dir: "auto",
    maxlength: 128,
  });
  #said = h("p", { class: "about", role: "status" });
  #list = h("ul", { class: "targets" });
  #asking = new AbortController();
  #timer = 0;
  /** @type {("consult" | "transfer")[]} */
  #actions = [];

  /** @param {("consult" | "transfer")[]} actions what Finesse allows */
  show(actions) {
    if (actions.join() === this.#actions.join() && this.firstChild) return;
    this.#actions = actions;
    if (!this.firstChild) {
      this.#input.placeholder = t("target.placeholder");
      this.#input.addEventListener("input", () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.#find(), QUIET);
      });
      this.append(
        h("label", { for: this.#input.id, class: "hidden" }, t("target.label")),
        this.#input,
        this.#said,
        this.#list,
      );
    }
    void this.#find();
  }

  focus() {
    this.#input.focus();
  }

  disconnectedCallback() {
    this.#asking.abort();
    clearTimeout(this.#timer);
  }

  async #find() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const text = this.#input.value.trim();
    const typed = NUMBER.test(text)
      ? [this.#row({ kind: "contact", name: "", detail: "", number: text })]
      : [];
    try {
      const { targets, missing } = await api.targets(text, signal);
      if (signal.aborted) return;
      this.#said.textContent = missing.length
        ? t("target.partly")
        : targets.length || typed.length
          ? ""
          : t("target.none");
      this.#list.replaceChildren(...typed, ...targets.map((target) => this.#row(target)));
    } catch (error) {
      if (signal.aborted) return;
      this.#said.textContent = sentence(error);
      this.#list.replaceChildren(...typed);
    }
  }

  /** @param {Target} target */
  #row({ kind, name, detail, number }) {
    const who = name || number;
    const more = kind === "agent" ? (STATES[detail]?.() ?? detail) : detail;
    return h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, name ? own(name) : phone(number)),
        h(
          "span",
          { class: "about" },
          name ? [phone(number), " · ", KINDS[kind]()] : "",
          name && more ? [" · ", own(more)] : "",
        ),
      ),
      h(
        "span",
        { class: "row" },
        this.#actions.map((action) =>
          h(
            "button",
            {
              type: "button",
              "aria-label":
                action === "consult"
                  ? t("target.consultWho", { who })
                  : t("target.transferWho", { who }),
              onclick: () => tell(this, "target", { action, to: number }),
            },
            action === "consult" ? t("action.consult") : t("action.transfer"),
          ),
        ),
      ),
    );
  }
}

customElements.define("call-targets", CallTargetsElement);
