// <call-variables>: what came with the call, and changing it. Fires `data` with {name, value}. A value counts as saved when the call
// shows it, and not before.

import { h, own, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** @typedef {{name: string, value: string}} Variable */

/** Bytes of a call variable; an ECC variable's length is the site's, and the service knows the rest. */
const BYTES = { ucce: 40, uccx: 39 };

export class CallVariablesElement extends HTMLElement {
  #shown = "";
  /** @type {Map<string, {value: string, note: string, bad: boolean}>} what was written and how it went, by name */
  #written = new Map();
  #editing = "";
  /** @type {"ucce" | "uccx"} what counts the bytes */
  platform = "ucce";

  /** @param {Variable[]} variables @param {boolean} editable */
  show(variables, editable) {
    const shown = JSON.stringify([variables, editable, [...this.#written], this.#editing]);
    if (shown === this.#shown) return;
    if (this.#editing && this.contains(document.activeElement)) return; // whoever types goes on typing
    this.#shown = shown;
    this.#draw(variables, editable);
  }

  /** How writing `name` is going. @param {string} name @param {string} value @param {string} note @param {boolean} [bad] */
  say(name, value, note, bad = false) {
    if (note) this.#written.set(name, { value, note, bad });
    else this.#written.delete(name);
    this.#shown = "";
  }

  /** @param {Variable[]} variables @param {boolean} editable */
  #draw(variables, editable) {
    const free = Array.from({ length: 10 }, (_, n) => `callVariable${n + 1}`).filter(
      (name) => !variables.some((v) => v.name === name),
    );
    const rows = variables.flatMap((variable) => [
      h("dt", {}, own(variable.name)),
      h("dd", {}, this.#value(variable, variables, editable)),
    ]);
    const again = () => this.#draw(variables, editable);
    const add =
      editable && free.length
        ? h(
            "button",
            { type: "button", class: "quiet", onclick: () => ((this.#editing = free[0]), again()) },
            t("variables.add"),
          )
        : "";
    const isNew = editable && free.includes(this.#editing);
    this.replaceChildren(
      ...(rows.length || add
        ? [
            h("h3", {}, t("call.variables")),
            h(
              "dl",
              {},
              rows,
              isNew
                ? [
                    h("dt", {}, own(this.#editing)),
                    h("dd", {}, this.#form({ name: this.#editing, value: "" }, again)),
                  ]
                : [],
            ),
            isNew ? "" : add,
          ]
        : []),
    );
    this.querySelector("input")?.focus();
  }

  /** @param {Variable} variable @param {Variable[]} variables @param {boolean} editable */
  #value(variable, variables, editable) {
    const { name, value } = variable;
    const again = () => this.#draw(variables, editable);
    if (editable && this.#editing === name) return this.#form(variable, again);
    const written = this.#written.get(name);
    const edit = () => ((this.#editing = name), again());
    const changeable = editable && !name.startsWith("BA");
    return [
      own(value),
      changeable
        ? h(
            "button",
            {
              type: "button",
              class: "quiet edit",
              "aria-label": t("variables.change", { name }),
              onclick: edit,
            },
            "✎",
          )
        : "",
      written
        ? h("span", { class: written.bad ? "error" : "about", role: "status" }, written.note)
        : "",
    ];
  }

  /** @param {Variable} variable @param {() => void} again */
  #form({ name, value }, again) {
    const id = uniqueId("variable");
    const input = h("input", { id, value, maxlength: 200, dir: "auto", autocomplete: "off" });
    const count = h("span", { class: "about", role: "status" });
    const measure = () => {
      // UCCE keeps Latin-1, a byte a letter; what it has no place for is refused by the service.
      const size =
        this.platform === "ucce"
          ? input.value.length
          : new TextEncoder().encode(input.value).length;
      const most = BYTES[this.platform];
      const over = name.startsWith("callVariable") && size > most;
      count.textContent = name.startsWith("callVariable")
        ? t("variables.bytes", { size, most })
        : "";
      count.classList.toggle("error", over);
    };
    input.addEventListener("input", measure);
    measure();
    const stop = () => ((this.#editing = ""), again());
    const form = h(
      "form",
      { class: "row" },
      h("label", { for: id, class: "hidden" }, name),
      input,
      h("button", {}, t("variables.save")),
      h("button", { type: "button", class: "quiet", onclick: stop }, t("variables.cancel")),
      count,
    );
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") stop();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const told = input.value.trim();
      stop();
      if (told !== value) tell(this, "data", { name, value: told });
    });
    return form;
  }
}

customElements.define("call-variables", CallVariablesElement);
