// <transfer-targets>: whom to consult or transfer to: a favourite, somebody used before, a queue,
// found in the team, the phone books and the contacts, or typed as a number.
// Fires `callcard-target-search` and `callcard-call-command`.

import {
  dotted,
  emit,
  h,
  isolate,
  moveByArrows,
  phoneNumber,
  replaceRows,
  request,
  uniqueId,
} from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { isSameNumber } from "../shared/numbers.js";
import { TypeaheadSearch } from "../shared/search.js";
import { stateLabel, t } from "../shared/texts.js";

/** @typedef {import("../shared/types.d.ts").TransferTarget} TransferTarget */
/** @typedef {"consult" | "transfer"} TransferAction */

/** The first button of each target's row. */
const FIRST_BUTTON = ".row button:first-child";
const TARGET_NUMBER = /^\+?[\d\s()./*#-]{2,}$/;

/** @type {Record<TransferTarget["kind"], () => string>} */
const KIND_LABELS = {
  queue: () => t("target.queue"),
  agent: () => t("target.agent"),
  "phone-book": () => t("target.phoneBook"),
  contact: () => t("target.contact"),
};

/** What a target's detail says. @type {Partial<Record<string, (detail: string) => string>>} */
const DETAIL_FORMATTERS = {
  agent: stateLabel,
  queue: (detail) => detail && t("target.waiting", { count: detail }),
};

export class TransferTargetsElement extends CallcardElement {
  static tag = "transfer-targets";

  callId = "";
  /** @type {import("./known-targets.js").KnownTargets | null} */
  known = null;
  #input = h("input", {
    id: uniqueId("target"),
    type: "search",
    autocomplete: "off",
    dir: "auto",
    maxlength: 128,
  });
  #message = h("p", { class: "about", role: "status" });
  #list = h("ul", { class: "targets" });
  #search = new TypeaheadSearch(
    (text, signal) => request(this, "callcard-target-search", { text, signal }),
    ({ targets, missing }) => this.#show({ targets, isPartial: missing.length > 0 }),
    (error) => {
      this.#show({ targets: [], isPartial: false });
      this.#found = null;
      this.#message.textContent = errorText(error);
    },
  );
  /** @type {TransferAction[]} */
  #actions = [];
  /** What was found last. @type {{targets: TransferTarget[], isPartial: boolean} | null} */
  #found = null;

  build() {
    this.#input.placeholder = t("target.placeholder");
    this.#input.addEventListener("input", () => this.#search.schedule(this.#text));
    moveByArrows(this, `input, ${FIRST_BUTTON}`);
    this.#input.addEventListener("keydown", ({ key, isComposing }) => {
      if (key === "Enter" && !isComposing) void this.#goToOnly();
    });
    this.append(
      h("label", { for: this.#input.id, class: "hidden" }, t("target.label")),
      this.#input,
      this.#message,
      this.#list,
    );
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#search.cancel();
  }

  /** Offer what Finesse allows now. @param {TransferAction[]} actions */
  setActions(actions) {
    if (actions.join() === this.#actions.join()) return;
    this.#actions = actions;
    if (this.#found) this.#show(this.#found);
    else void this.#search.run(this.#text);
  }

  focus() {
    this.#input.focus();
  }

  get #text() {
    return this.#input.value.trim();
  }

  /** Search as if `text` had been typed. @param {string} text */
  find(text) {
    this.#input.value = text;
    void this.#search.run(this.#text);
  }

  /** Search for what is typed at once, and move to the only target of that. */
  async #goToOnly() {
    const text = this.#text;
    await this.#search.run(text);
    /** @type {NodeListOf<HTMLElement>} */
    const [first, ...others] = this.querySelectorAll(FIRST_BUTTON);
    const isHere = document.activeElement === this.#input && text === this.#text;
    if (isHere && !others.length) first?.focus();
  }

  /** @param {{targets: TransferTarget[], isPartial: boolean}} result */
  #show(result) {
    this.#found = result;
    const { targets: found, isPartial } = result;
    /** @type {TransferTarget} */
    const typed = { kind: "contact", name: "", detail: "", number: this.#text };
    const isNumber = TARGET_NUMBER.test(this.#text);
    // If a found target has this number, it stands for the typed one.
    const isNamed = isNumber && found.some(({ number }) => isSameNumber(number, this.#text));
    const targets = isNumber ? [...(isNamed ? [] : [typed]), ...found] : this.#withKnown(found);
    this.#message.textContent = targets.length ? "" : t("target.none");
    if (isPartial) this.#message.textContent = t("target.partly");
    replaceRows(
      this.#list,
      targets.map((target) => this.#row(target)),
    );
  }

  /**
   * Return what was found with the known ones first, or only what was found for a typed text.
   * @param {TransferTarget[]} found
   */
  #withKnown(found) {
    const known = this.#text ? [] : (this.known?.all ?? []);
    const numbers = known.map(({ number }) => number);
    return [
      ...known.map((each) => found.find(({ number }) => number === each.number) ?? each),
      ...found.filter(({ number }) => !numbers.includes(number)),
    ];
  }

  /** @param {TransferTarget} target */
  #row(target) {
    const { kind, name, detail, number } = target;
    const more = DETAIL_FORMATTERS[kind]?.(detail) ?? detail;
    const about = name
      ? dotted([phoneNumber(number), KIND_LABELS[kind](), more && isolate(more)])
      : [];
    return h(
      "li",
      {},
      h(
        "span",
        { class: "who" },
        h("strong", {}, name ? isolate(name) : phoneNumber(number)),
        h("span", { class: "about" }, about),
      ),
      h(
        "span",
        { class: "row" },
        this.#actions.map((action) => this.#button(action, target)),
        this.#star(target),
      ),
    );
  }

  /** Return the button that makes a target a favourite. @param {TransferTarget} target */
  #star(target) {
    const who = target.name || target.number;
    const button = h("button", {
      type: "button",
      class: "quiet star",
      title: t("target.favouriteWho", { who }),
    });
    const show = () =>
      button.setAttribute("aria-pressed", String(this.known?.isFavourite(target.number)));
    button.addEventListener("click", () => {
      this.known?.toggle(target);
      show();
    });
    show();
    return button;
  }

  /** @param {TransferAction} action @param {TransferTarget} target */
  #button(action, target) {
    const isConsult = action === "consult";
    const { number: to } = target;
    const who = target.name || to;
    const send = () => {
      this.known?.use(target);
      emit(this, "callcard-call-command", { callId: this.callId, action, params: { to }, who });
    };
    return h(
      "button",
      {
        type: "button",
        "aria-label": isConsult
          ? t("target.consultWho", { who })
          : t("target.transferWho", { who }),
        onclick: send,
      },
      isConsult ? t("action.consult") : t("action.transfer"),
    );
  }
}
