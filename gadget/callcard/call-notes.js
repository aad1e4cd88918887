// <call-notes>: what the agent writes about a call, saved as it is typed; the wrap-up reasons; what others have written on the same call.
// Fires `reasons` with a list, and `later` when the caller is to be called back.

import { api, ApiError } from "../shared/api.js";
import { desktop } from "../shared/desktop.js";
import { h, own, tell, uniqueId } from "../shared/dom.js";
import { clock, t } from "../shared/texts.js";
import { draftOf, keepDraft } from "./drafts.js";
import { sentence } from "./failures.js";

/** @typedef {import("../shared/types.d.ts").Interaction} Interaction */

/** Milliseconds of quiet after which what was typed is saved. */
const QUIET = 600;
/** Milliseconds until another try after a failure. */
const AGAIN = 5000;

export class CallNotesElement extends HTMLElement {
  /** @type {Interaction | null} */
  interaction = null;
  #me = "";
  /** @type {string[]} */
  #offered = [];
  #several = false;
  #text = h("textarea", { id: uniqueId("notes"), rows: 3, maxlength: 20000, dir: "auto" });
  #said = h("p", { class: "about saved", role: "status" });
  #others = h("div", { class: "others" });
  #reasons = h("div", { class: "reasons" });
  #left = h("span", { class: "about" });
  /** What the service has of the agent's own notes. */
  #base = "";
  #saving = false;
  #timer = 0;

  connectedCallback() {
    if (this.firstChild) return;
    this.#text.placeholder = t("notes.placeholder");
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("blur", () => void this.save());
    const later = h(
      "button",
      { type: "button", class: "quiet later", onclick: () => tell(this, "later") },
      t("callback.fromCall"),
    );
    this.append(
      h("h3", {}, h("label", { for: this.#text.id }, t("notes.label"))),
      this.#others,
      this.#text,
      this.#said,
      this.#reasons,
      h("p", { class: "row" }, later, this.#left),
    );
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  /** Whether something is not with the service yet. */
  get unsaved() {
    return !!this.interaction && this.#text.value !== this.#base && !this.#text.disabled;
  }

  /** Whether the agent's team must choose a reason and they have not. */
  get lacksReason() {
    return (
      !!this.interaction?.reason_required &&
      !this.interaction.reasons.length &&
      !this.interaction.finished
    );
  }

  get #mine() {
    return this.interaction?.notes.find(({ agent }) => agent === this.#me);
  }

  /** @param {string[]} offered the team's wrap-up reasons @param {boolean} several whether more than one may be chosen */
  offer(offered, several) {
    [this.#offered, this.#several] = [offered, several];
    if (this.interaction) this.#drawReasons();
  }

  /** @param {Interaction} interaction @param {string} me the agent's own id */
  show(interaction, me) {
    const first = !this.interaction || this.interaction.id !== interaction.id;
    this.interaction = interaction;
    this.#me = me;
    const mine = this.#mine?.text ?? "";
    const draft = first ? draftOf(interaction.id) : undefined;
    if (draft) {
      this.#base = draft.base;
      if (!this.#text.value) this.#text.value = draft.text;
    } else if (!this.#saving && (first || this.#text.value === this.#base)) {
      if (!this.#text.value || this.#text.value === this.#base) this.#text.value = mine;
      this.#base = mine;
    }
    this.#others.replaceChildren(
      ...interaction.notes
        .filter(({ agent, text }) => agent !== me && text)
        .map(({ name, agent, text }) =>
          h(
            "blockquote",
            {},
            h("cite", { class: "about" }, own(name || agent)),
            h("p", {}, own(text)),
          ),
        ),
    );
    this.#drawReasons();
    this.tick();
    if (this.unsaved) void this.save();
  }

  /** A second has gone by. */
  tick() {
    const { state = "open", closes = "", finished = false } = this.interaction ?? {};
    const left = (Date.parse(closes) - desktop.now) / 1000;
    const closed = state === "delivered" || state === "parked" || (!!closes && !(left > 0));
    this.#left.textContent =
      closed || finished || !closes ? "" : t("notes.left", { time: clock(left) });
    if (closed && !this.unsaved) this.#text.disabled = true;
    if (closed && !this.#said.textContent) this.#said.textContent = t("notes.closed");
  }

  #typed() {
    const { interaction } = this;
    if (!interaction) return;
    keepDraft(interaction.id, {
      text: this.#text.value,
      base: this.#base,
      typed: new Date(desktop.now).toISOString(),
    });
    this.#said.textContent = t("notes.typing");
    this.#said.classList.remove("error");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), QUIET);
  }

  /** Bring what was typed to the service; again, until it has it. */
  async save() {
    const { interaction } = this;
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!interaction || this.#saving || this.#text.value === this.#base) return;
    const [text, base] = [this.#text.value, this.#base];
    const typed = draftOf(interaction.id)?.typed ?? new Date(desktop.now).toISOString();
    this.#saving = true;
    this.#said.textContent = t("notes.saving");
    try {
      const told = await api.change(interaction.id, { notes: text, base, typed });
      const kept = told.notes.find(({ agent }) => agent === this.#me)?.text ?? text;
      // Another tab's lines may have come in between; what was typed since stays where it is.
      this.#base = kept;
      if (this.#text.value === text) this.#text.value = kept;
      keepDraft(
        interaction.id,
        this.#text.value === kept
          ? null
          : { text: this.#text.value, base: kept, typed: new Date(desktop.now).toISOString() },
      );
      this.#said.classList.remove("error");
      this.#said.textContent = t("notes.saved");
    } catch (error) {
      this.#said.classList.add("error");
      if (error instanceof ApiError && error.code === "interaction-closed") {
        this.#said.textContent = t("notes.tooLate");
        this.#saving = false;
        return;
      }
      this.#said.textContent = t("notes.notSaved", { reason: sentence(error) });
      this.#timer = setTimeout(() => void this.save(), AGAIN);
    }
    this.#saving = false;
    if (this.#text.value !== this.#base && !this.#timer)
      this.#timer = setTimeout(() => void this.save(), QUIET);
  }

  /** @param {string} text @param {boolean} [bad] */
  say(text, bad = false) {
    this.#said.textContent = text;
    this.#said.classList.toggle("error", bad);
  }

  /** Add a line, as a workflow does. @param {string} line */
  addLine(line) {
    if (this.#text.value.split("\n").includes(line)) return;
    this.#text.value = this.#text.value ? `${this.#text.value}\n${line}` : line;
    this.#typed();
  }

  #drawReasons() {
    const { interaction } = this;
    if (!interaction || this.#reasons.contains(document.activeElement)) return;
    const chosen = this.#mine?.reasons.length ? this.#mine.reasons : interaction.reasons;
    const offered = [...new Set([...this.#offered, ...chosen])];
    this.#reasons.hidden = !offered.length;
    const id = uniqueId("reason");
    const label = interaction.reason_required ? t("reason.required") : t("reason.label");
    if (this.#several) {
      const boxes = offered.map((reason) => {
        const box = h("input", {
          type: "checkbox",
          value: reason,
          checked: chosen.includes(reason),
        });
        box.addEventListener("change", () => {
          const now = [...this.#reasons.querySelectorAll("input")]
            .filter((each) => each.checked)
            .map((each) => each.value);
          tell(this, "reasons", now);
        });
        return h("label", { class: "choice" }, box, own(reason));
      });
      this.#reasons.replaceChildren(
        h("fieldset", {}, h("legend", { class: "about" }, label), boxes),
      );
      return;
    }
    const select = h(
      "select",
      { id },
      h("option", { value: "" }, t("reason.none")),
      offered.map((reason) =>
        h("option", { value: reason, selected: chosen.includes(reason) }, reason),
      ),
    );
    select.addEventListener("change", () =>
      tell(this, "reasons", select.value ? [select.value] : []),
    );
    this.#reasons.replaceChildren(h("label", { for: id, class: "about" }, label), select);
  }
}

customElements.define("call-notes", CallNotesElement);
