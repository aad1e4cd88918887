// <agent-panel>: one agent's calls, and what the supervisor can do: listen, join and take over the
// call, set the agent's state, sign them out. Fires `callcard-agent-action`.

import { directionIcon } from "../shared/direction-icon.js";
import { dotted, h, isolate, phoneNumber, request, setText } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { InlineQuestionElement } from "../shared/inline-question.js";
import { isSameNumber } from "../shared/numbers.js";
import { t } from "../shared/texts.js";
import { obstacles, partIn, removable } from "./agent-rules.js";
import { CoachingThreadElement } from "./coaching-thread.js";
import { callsOf } from "./team-rows.js";

/** @typedef {import("./types.d.ts").AgentAction} AgentAction */
/** @typedef {import("./types.d.ts").TeamMember} TeamMember */
/** @typedef {import("./agent-rules.js").Own} Own */

/** @type {Record<AgentAction, () => string>} */
const LABELS = {
  monitor: () => t("board.listen"),
  barge: () => t("board.join"),
  intercept: () => t("board.takeOver"),
  leave: () => t("board.leave"),
  ready: () => t("board.makeReady"),
  "not-ready": () => t("board.makeNotReady"),
  "sign-out": () => t("state.signOut"),
};
/** @type {AgentAction[]} */
const CALL_ACTIONS = ["monitor", "barge", "intercept", "leave"];
/** @type {AgentAction[]} */
const STATE_ACTIONS = ["ready", "not-ready", "sign-out"];

/** Milliseconds for which a result is shown at least. */
const RESULT_MS = 4000;

export class AgentPanelElement extends CallcardElement {
  static tag = "agent-panel";

  /** @type {TeamMember | null} */
  #member = null;
  #isBusy = false;
  /** Which agent, in which state, with which part of the supervisor. */
  #situation = "";
  /** Until when a result is shown at least: the change that it brings may come later. */
  #shownUntil = 0;
  #calls = h("ul", { class: "agent-calls" });
  #hint = h("p", { class: "about hint", role: "status" });
  #status = h("p", { class: "about", role: "status" });
  #error = h("p", { class: "error", role: "alert" });
  #question = new InlineQuestionElement();
  /** Those beside the agent in a call that the supervisor has joined. */
  #others = h("p", { class: "row others", role: "group" });
  #shownOthers = "";
  /** Whom the open question is about, by address; empty if it is about the agent. */
  #asked = "";
  #coaching = new CoachingThreadElement();
  /** @type {Map<AgentAction, HTMLButtonElement>} */
  #buttons = new Map();

  build() {
    this.#others.setAttribute("aria-label", t("board.others"));
    this.append(
      this.#calls,
      this.#group(t("board.call"), CALL_ACTIONS),
      this.#others,
      this.#hint,
      this.#group(t("board.state"), STATE_ACTIONS),
      this.#question,
      this.#status,
      this.#error,
      this.#coaching,
    );
  }

  /** @param {string} label @param {AgentAction[]} actions */
  #group(label, actions) {
    const buttons = actions.map((action) => {
      const press = (/** @type {MouseEvent} */ { detail: clicks }) => {
        if (clicks < 2) this.#press(action);
      };
      const button = h("button", { type: "button", class: action, onclick: press });
      button.textContent = LABELS[action]();
      this.#buttons.set(action, button);
      return button;
    });
    return h("p", { class: "row", role: "group", "aria-label": label }, buttons);
  }

  /**
   * Show an agent.
   * @param {TeamMember} member @param {Own} own the supervisor's own user and calls
   * @param {Iterable<TeamMember>} team the agents whose names are known
   */
  show(member, own, team) {
    // What came of an action is over when the agent or the supervisor has gone on.
    const part = partIn(own.calls, member.extension);
    const situation = `${member.id} ${member.state} ${part?.mode}`;
    const isOther = member.id !== this.#member?.id;
    const isOver = situation !== this.#situation && performance.now() > this.#shownUntil;
    if (isOther || (isOver && !this.#isBusy)) this.#clear();
    this.#situation = situation;
    this.#member = member;
    const why = obstacles(member, own);
    for (const [action, button] of this.#buttons) {
      button.disabled = Boolean(why[action]) && document.activeElement !== button;
      button.setAttribute("aria-disabled", String(Boolean(why[action]) || this.#isBusy));
      button.title = why[action];
    }
    const hint = part ? partText(part.mode) : why.monitor && t("board.hint", { why: why.monitor });
    setText(this.#hint, hint);
    this.#calls.replaceChildren(...callsOf(member, own.platform).map(callRow));
    const others = removable(own, member.extension);
    this.#showOthers(others.map((address) => ({ address, name: nameOf(address, member, team) })));
    this.#coaching.show(member.id);
  }

  /** @param {{address: string, name: string}[]} others */
  #showOthers(others) {
    const shown = JSON.stringify(others);
    if (shown === this.#shownOthers) return;
    this.#shownOthers = shown;
    const isHere = others.some(({ address }) => address === this.#asked);
    if (this.#asked && !isHere) this.#question.close();
    this.#others.hidden = !others.length;
    this.#others.replaceChildren(
      ...others.map(({ address, name }) => {
        const label = t("participant.drop", { who: name });
        const button = h("button", { type: "button", "aria-disabled": this.#isBusy }, label);
        button.addEventListener("click", () => {
          if (this.#isBusy) return;
          this.#asked = address;
          this.#clear();
          const send = () => void this.#send("remove", label, address);
          const focus = () => button.focus();
          this.#question.ask(t("participant.dropAsk", { who: name }), label, send, focus);
        });
        return button;
      }),
    );
  }

  /** @param {AgentAction} action */
  #press(action) {
    const button = this.#buttons.get(action);
    if (!this.#member || button?.getAttribute("aria-disabled") === "true") return;
    const { name, calls } = this.#member;
    /** @type {Partial<Record<AgentAction, string>>} */
    const questions = {
      "sign-out": calls.length
        ? t("board.askSignOutLater", { name })
        : t("board.askSignOut", { name }),
      intercept: t("board.askTakeOver", { name }),
    };
    const question = questions[action];
    const send = () => void this.#send(action, LABELS[action]());
    if (!question) return send();
    this.#asked = "";
    this.#clear(); // what came of the last action would look like the answer
    this.#question.ask(question, LABELS[action](), send, () => button?.focus());
  }

  /** @param {AgentAction | "remove"} action @param {string} label @param {string} [address] */
  async #send(action, label, address = "") {
    const { id, name, calls } = /** @type {TeamMember} */ (this.#member);
    const isLater = action === "sign-out" && calls.length > 0;
    const done = isLater ? t("board.signsOutLater", { name }) : t("board.done", { what: label });
    this.#clear();
    this.#setBusy(true);
    this.#status.textContent = t("board.sending", { action: label });
    try {
      const { outcome } = await request(this, "callcard-agent-action", { id, action, address });
      if (this.#member?.id !== id) return;
      this.#status.textContent = outcome === "confirmed" ? done : "";
      if (outcome !== "confirmed") this.#error.textContent = t("error.unknown");
    } catch (error) {
      if (this.#member?.id !== id) return;
      this.#status.textContent = "";
      this.#error.textContent = errorText(error);
    } finally {
      this.#shownUntil = performance.now() + RESULT_MS;
      this.#setBusy(false);
    }
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    for (const button of this.#buttons.values())
      button.setAttribute("aria-disabled", String(isBusy || Boolean(button.title)));
    for (const button of this.#others.children)
      button.setAttribute("aria-disabled", String(isBusy));
  }

  #clear() {
    this.#question.close();
    this.#status.textContent = this.#error.textContent = "";
  }
}

/** @param {import("./agent-rules.js").Part["mode"]} mode */
function partText(mode) {
  if (mode === "listening") return t("board.listening");
  return mode === "joined" ? t("board.joined") : t("board.withAgent");
}

/**
 * Return who is at an address of an agent's call: a colleague, or the customer.
 * @param {string} address @param {TeamMember} member @param {Iterable<TeamMember>} team
 */
function nameOf(address, { calls }, team) {
  for (const { extension, name } of team) if (extension === address) return name;
  const call = calls.find(({ number }) => isSameNumber(number, address));
  return call?.name || address;
}

/** @param {import("./types.d.ts").TeamCall} call */
function callRow({ name, number, queue, direction, state }) {
  return h(
    "li",
    {},
    directionIcon(direction),
    dotted([
      name && h("strong", {}, isolate(name)),
      number ? phoneNumber(number) : t("caller.withheld"),
      queue && isolate(queue),
      state === "ALERTING" && t("phase.ringing"),
      state === "HELD" && t("phase.held"),
    ]),
  );
}
