// <call-variables>: the call variables, and changing them. A value counts as saved once the call
// shows it.
// Fires `callcard-variable-edited`.

import { emit, h, isolate } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { commandErrorText } from "../shared/errors.js";
import { t } from "../shared/texts.js";
import { variableForm } from "./variable-form.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/call-state.js").VariableWrite} VariableWrite */
/** @typedef {import("../shared/types.d.ts").Platform} Platform */
/** @typedef {{name: string, value: string}} Variable */

const PERIPHERAL_VARIABLES = Array.from({ length: 10 }, (_, index) => `callVariable${index + 1}`);

/** Variables that are shown at first where the team's layout has none. */
const MAX_UNLABELLED = 3;

/** @type {Record<VariableWrite["status"], (write: VariableWrite) => string>} */
const WRITE_STATUSES = {
  saving: () => t("saving"),
  saved: () => t("saved"),
  truncated: ({ kept = "" }) => t("variables.truncated", { value: kept }),
  unchanged: () => t("variables.unchanged"),
  busy: () => t("error.busy"),
  failed: ({ result = null }) => commandErrorText(result),
};
const PROGRESS = ["saving", "saved"];

export class CallVariablesElement extends CallcardElement {
  static tag = "call-variables";

  #callId = "";
  /** @type {Variable[]} */
  #variables = [];
  /** @type {Map<string, VariableWrite>} */
  #writes = new Map();
  #isEditable = false;
  /** @type {Platform} */
  #platform = "ucce";
  /** Names as the team's layout labels them, the most important first. @type {Map<string, string>} */
  #labels = new Map();
  /** Whether the values have buttons to change them. */
  #isEditing = false;
  /** Whether those that the layout does not show are unfolded. */
  #isUnfolded = false;
  /** The name of the variable whose form is open. */
  #edited = "";
  /** What was typed when the call ended, and can't be saved. */
  #lost = "";
  #shown = "";

  /**
   * Show a call's variables.
   * @param {CallState} state @param {Platform} platform
   * @param {Map<string, string>} labels of the team's layout
   */
  show({ id, call, writes }, platform, labels) {
    const isEditable = call.actions.includes("data");
    const shown = JSON.stringify([call.variables, isEditable, [...writes], [...labels]]);
    if (shown === this.#shown) return;
    if (this.#edited && call.phase !== "ended") return; // a form is open
    const { value = "" } = this.querySelector("input") ?? {};
    if (this.#edited) this.#lost = value.trim();
    this.#edited = "";
    this.#shown = shown;
    this.#callId = id;
    // The dialer's own say nothing to an agent, and stay as they are.
    const own = call.variables.filter(({ name }) => !name.startsWith("BA"));
    // Those that are written only now: they say how that goes.
    for (const [name, { value }] of writes)
      if (!own.some((each) => each.name === name)) own.push({ name, value });
    const order = [...labels.keys()];
    const isLabelled = (/** @type {Variable} */ { name }) => labels.has(name);
    const labelled = own.filter(isLabelled);
    labelled.sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
    this.#variables = [...labelled, ...own.filter((each) => !isLabelled(each))];
    this.#labels = labels;
    this.#writes = writes;
    this.#isEditable = isEditable;
    this.#platform = platform;
    this.#draw();
  }

  #draw() {
    const unset = PERIPHERAL_VARIABLES.filter(
      (name) => !this.#variables.some((variable) => variable.name === name),
    );
    const count = this.#labels.size
      ? this.#variables.filter(({ name }) => this.#labels.has(name)).length
      : MAX_UNLABELLED;
    const shown = this.#variables.slice(0, count);
    const folded = this.#variables.slice(count);
    const isAdding = this.#isEditable && unset.includes(this.#edited);
    if (isAdding) shown.push({ name: this.#edited, value: "" });
    const add = h(
      "button",
      { type: "button", class: "quiet", onclick: () => this.#edit(unset[0]) },
      t("variables.add"),
    );
    const mayAdd = this.#isEditable && this.#isEditing && unset.length > 0 && !isAdding;
    const lost = this.#lost && t("call.lost", { value: this.#lost });
    if (!shown.length && !folded.length && !lost && !this.#isEditable)
      return this.replaceChildren();
    const toggle = () => {
      const input = this.querySelector("input");
      if (input && input.value !== input.defaultValue) return input.focus();
      this.#isEditing = !this.#isEditing;
      this.#edit("");
      this.querySelector("button")?.focus();
    };
    const edit = h(
      "button",
      { type: "button", class: "quiet edit", "aria-pressed": this.#isEditing, onclick: toggle },
      t("variables.edit"),
    );
    this.replaceChildren(
      h("h3", {}, t("call.variables"), " ", this.#isEditable ? edit : ""),
      this.#list(shown),
      folded.length ? this.#more(folded) : "",
      mayAdd ? add : "",
      lost && h("p", { class: "error", role: "alert" }, lost),
    );
  }

  /** @param {Variable[]} variables */
  #list(variables) {
    return h(
      "dl",
      {},
      variables.flatMap((variable) => {
        const { name } = variable;
        return [
          h("dt", { title: name }, isolate(this.#labels.get(name) || name)),
          h("dd", {}, this.#value(variable)),
        ];
      }),
    );
  }

  /** Return the variables that the layout does not show, folded. @param {Variable[]} variables */
  #more(variables) {
    const details = h(
      "details",
      { open: this.#isUnfolded || variables.some(({ name }) => name === this.#edited) },
      h("summary", { class: "about" }, t("card.more", { count: variables.length })),
      this.#list(variables),
    );
    details.addEventListener("toggle", () => {
      this.#isUnfolded = details.open;
    });
    return details;
  }

  /** Open a variable's form, or none. @param {string} name */
  #edit(name) {
    this.#edited = name;
    this.#draw();
  }

  /** @param {Variable} variable */
  #value(variable) {
    const { name, value } = variable;
    if (this.#isEditable && this.#edited === name) return this.#form(variable);
    const write = this.#writes.get(name);
    const label = t("variables.change", { name: this.#labels.get(name) || name });
    return [
      isolate(value),
      this.#isEditable && this.#isEditing
        ? h(
            "button",
            {
              type: "button",
              class: "quiet edit",
              "aria-label": label,
              onclick: () => this.#edit(name),
            },
            h("span", { class: "icon edit" }),
          )
        : "",
      write
        ? h(
            "span",
            { class: PROGRESS.includes(write.status) ? "about" : "error", role: "status" },
            WRITE_STATUSES[write.status](write),
          )
        : "",
    ];
  }

  /** Return a variable's form. @param {Variable} variable */
  #form(variable) {
    const { name, value } = variable;
    const form = variableForm(variable, this.#platform, (edited) => {
      this.#edit("");
      if (edited !== null && edited !== value)
        emit(this, "callcard-variable-edited", { callId: this.#callId, name, value: edited });
    });
    queueMicrotask(() => form.focus()); // once it is in the page
    return form;
  }
}
