// <call-notes>: the agent's notes on a call, the wrap-up reasons, and what others wrote on the same
// call.
// Fires `callcard-notes-edited`, `callcard-notes-left`, `callcard-wrap-up-chosen`,
// `callcard-callback-scheduled` and `callcard-case-form-opened`.

import { emit, h, isolate, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { formatDuration, t } from "../shared/texts.js";

/** @typedef {import("../shared/call-state.js").CallState} CallState */
/** @typedef {import("../shared/notes.js").Notes} Notes */
/** @typedef {import("../shared/notes.js").NotesStatus} NotesStatus */
/** @typedef {import("../shared/types.d.ts").Platform} Platform */

/** @type {Record<NotesStatus, (error: unknown) => string>} */
const STATUSES = {
  "": () => "",
  waiting: () => t("notes.notSaved", { reason: t("error.unreachable") }),
  typing: () => t("notes.typing"),
  saving: () => t("saving"),
  saved: () => t("saved"),
  failed: (error) => t("notes.notSaved", { reason: errorText(error) }),
  rejected: (error) => errorText(error),
  "too-late": () => t("notes.tooLate"),
  "reason-missing": () => t("reason.missing"),
  "contact-unsaved": () => t("form.unsaved"),
  "contact-open": () => t("form.open"),
  "discard-asked": () => t("notes.discard"),
};
/** Reasons that are shown as buttons; more become a list. */
export const MAX_BUTTONS = 8;
/** Characters of one agent's notes that the service takes. */
const MAX_NOTES = 20_000;
const ERRORS = [
  "waiting",
  "failed",
  "rejected",
  "too-late",
  "reason-missing",
  "contact-unsaved",
  "contact-open",
  "discard-asked",
];

export class CallNotesElement extends CallcardElement {
  static tag = "call-notes";

  /** @type {CallState | null} */
  #state = null;
  #text = h("textarea", { id: uniqueId("notes"), rows: 3, maxlength: MAX_NOTES, dir: "auto" });
  #status = h("p", { class: "about saved", role: "status" });
  #others = h("div", { class: "others" });
  #reasons = h("div", { class: "reasons" });
  #later = h("button", { type: "button", class: "quiet" }, t("callback.fromCall"));
  #newCase = h("button", { type: "button", class: "quiet" }, t("case.open"));
  #timeLeft = h("span", { class: "about" });
  #shownReasons = "";

  build() {
    this.#text.placeholder = t("notes.placeholder");
    this.#text.addEventListener("input", () =>
      emit(this, "callcard-notes-edited", { callId: this.#callId, text: this.#text.value }),
    );
    this.#text.addEventListener("blur", () =>
      emit(this, "callcard-notes-left", { callId: this.#callId }),
    );
    const schedule = () => {
      const customer = this.#state?.customerToCallBack;
      if (customer) emit(this, "callcard-callback-scheduled", { customer, callId: this.#callId });
    };
    this.#later.addEventListener("click", schedule);
    this.#newCase.addEventListener("click", () =>
      emit(this, "callcard-case-form-opened", { callId: this.#callId }),
    );
    this.append(
      h("h3", {}, h("label", { for: this.#text.id }, t("notes.label"))),
      this.#others,
      this.#text,
      this.#status,
      this.#reasons,
      h("p", { class: "row" }, this.#later, this.#newCase, this.#timeLeft),
    );
  }

  get #callId() {
    return this.#state?.id ?? "";
  }

  /**
   * Show a call's notes.
   * @param {CallState} state @param {string[]} teamReasons @param {Platform} platform
   * @param {import("../shared/types.d.ts").WritableSources} [sources]
   */
  show(state, teamReasons, platform, sources) {
    const { notes } = state;
    this.#state = state;
    this.#newCase.hidden = !sources?.cases.includes(state.match?.contact.source ?? "");
    // The dialer has callbacks of its own.
    const isDialers = state.call.actions.includes("callback");
    this.#later.hidden = !state.customerToCallBack || state.call.isConsult || isDialers;
    // While the service does not answer, notes are kept here; calls that are never logged have none.
    const hasNotes = notes.interaction || notes.text || state.lookup.status === "failed";
    // A call that was passed back rings here again: who is writing its notes goes on.
    const isBegun = notes.text || this.contains(document.activeElement);
    const isNew = state.call.phase === "ringing" && !isBegun;
    this.hidden = !hasNotes || isNew || state.isMissedConsult;
    if (this.#text.value !== notes.text) this.#text.value = notes.text;
    this.#others.replaceChildren(
      ...notes.colleagues.map(({ name, agent, text }) =>
        text
          ? h(
              "blockquote",
              {},
              h("cite", { class: "about" }, isolate(name || agent)),
              h("p", {}, isolate(text)),
            )
          : "",
      ),
    );
    this.#showReasons(notes, teamReasons, platform === "uccx");
    this.tick();
  }

  /** Show the time that is left; called each second. */
  tick() {
    const notes = this.#state?.notes;
    if (!notes) return;
    const { timeLeftMs, isClosed, interaction, error } = notes;
    const isWaiting = !interaction && notes.text && this.#state?.lookup.status === "failed";
    const status = isWaiting ? "waiting" : notes.status;
    const isCounting = timeLeftMs !== null && !isClosed && !interaction?.finished;
    this.#timeLeft.textContent = isCounting
      ? t("notes.left", { time: formatDuration(timeLeftMs / 1000) })
      : "";
    const isOver = isClosed && !notes.isUnsaved;
    this.#text.readOnly = isOver; // a disabled field would lose the focus
    /** @type {NodeListOf<HTMLInputElement>} */
    const inputs = this.#reasons.querySelectorAll("input, select");
    for (const input of inputs) input.disabled = isClosed;
    const isSaved = status === "saved" || !status;
    const isFull = this.#text.value.length >= MAX_NOTES;
    const state =
      isFull && isSaved ? t("notes.full", { count: MAX_NOTES }) : STATUSES[status](error);
    // The agent may have closed the call at another desk.
    const closed = interaction?.finished ? t("saved") : t("notes.closed");
    const text = isOver && isSaved ? closed : state;
    const wasError = this.#status.classList.contains("error");
    // The text stays until it is known how that goes: what is below would move up and down.
    if (wasError && !isClosed && status === "saving") return;
    const isError = ERRORS.includes(status);
    this.#status.classList.toggle("error", isError);
    if (this.#status.textContent === text) return;
    // A screen reader speaks an error and its end, not each save.
    this.#status.ariaLive = isError || wasError || isFull || isOver ? "polite" : "off";
    this.#status.textContent = text;
  }

  /** @param {Notes} notes @param {string[]} teamReasons @param {boolean} isMultiple */
  #showReasons({ interaction, status, wrapUpReasons: chosen }, teamReasons, isMultiple) {
    const isRequired = interaction?.wrap_up_required ?? false;
    const isMissing = status === "reason-missing" && !chosen.length;
    const reasons = [...new Set([...teamReasons, ...chosen])];
    this.#reasons.hidden = !interaction || !reasons.length || !this.#state?.isForCustomer;
    const shown = JSON.stringify([chosen, teamReasons, isMultiple, isRequired, isMissing]);
    if (shown === this.#shownReasons) return;
    const isInUse = this.#reasons.contains(document.activeElement);
    if (isInUse && !isMissing) return;
    this.#shownReasons = shown;
    const label = isRequired ? t("reason.required") : t("reason.label");
    const isFew = isMultiple || reasons.length <= MAX_BUTTONS;
    this.#reasons.replaceChildren(
      ...(isFew
        ? [this.#buttons(label, reasons, chosen, { isMultiple, isRequired, isMissing })]
        : this.#select(label, reasons, chosen, isMissing)),
    );
  }

  /**
   * Return the reasons as buttons, which the keys 1 to 8 press (reason-keys.js).
   * @param {string} label @param {string[]} reasons @param {string[]} chosen
   * @param {{isMultiple: boolean, isRequired: boolean, isMissing: boolean}} rules
   */
  #buttons(label, reasons, chosen, { isMultiple, isRequired, isMissing }) {
    const name = uniqueId("reason");
    const choose = () =>
      this.#choose(boxes.filter((box) => box.checked && box.value).map((box) => box.value));
    const offersNone = !isMultiple && !isRequired;
    const boxes = [...reasons, ...(offersNone ? [""] : [])].map((value) => {
      const checked = value ? chosen.includes(value) : !chosen.length;
      const type = isMultiple ? "checkbox" : "radio";
      return h("input", { type, name, value, checked, onchange: choose });
    });
    return h(
      "fieldset",
      isMultiple ? {} : { role: "radiogroup", "aria-invalid": isMissing },
      h("legend", { class: "about" }, label),
      boxes.map((box) =>
        h("label", { class: "choice" }, box, isolate(box.value || t("reason.none"))),
      ),
    );
  }

  /** @param {string} label @param {string[]} reasons @param {string[]} chosen
   * @param {boolean} isMissing */
  #select(label, reasons, chosen, isMissing) {
    const id = uniqueId("reason");
    const select = h(
      "select",
      {
        id,
        "aria-invalid": isMissing,
        onchange: () => this.#choose(select.value ? [select.value] : []),
      },
      h("option", { value: "" }, t("reason.none")),
      reasons.map((value) => h("option", { value, selected: chosen.includes(value) }, value)),
    );
    return [h("label", { for: id, class: "about" }, label), select];
  }

  /** @param {string[]} reasons */
  #choose(reasons) {
    emit(this, "callcard-wrap-up-chosen", { callId: this.#callId, reasons });
  }
}
