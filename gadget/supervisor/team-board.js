// <team-board>: a team's agents, each with their state, since when, and their call; one of them
// opened. While the pointer or the focus is in the list, its rows stay where they are.

import { desktop } from "../shared/desktop.js";
import { directionIcon } from "../shared/direction-icon.js";
import { dotted, h, isolate, phoneNumber, setText, uniqueId } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDuration, stateLabel, t } from "../shared/texts.js";
import { AgentPanelElement } from "./agent-panel.js";
import {
  GROUPS,
  callsOf,
  countGroups,
  groupOf,
  levelOf,
  rowsOf,
  secondsInState,
} from "./team-rows.js";

/** @typedef {import("./team-model.js").TeamModel} TeamModel */
/** @typedef {import("./team-rows.js").Group} Group */
/** @typedef {import("./team-rows.js").Order} Order */
/** @typedef {import("./types.d.ts").TeamMember} TeamMember */
/** @typedef {import("./agent-rules.js").Own} Own */

/** @type {Record<Group, () => string>} */
const GROUP_LABELS = {
  ready: () => t("state.ready"),
  busy: () => t("board.onCall"),
  "wrap-up": () => t("state.work"),
  "not-ready": () => t("state.notReady"),
  "signed-out": () => t("state.signedOut"),
};
/** @type {Record<Order, () => string>} */
const ORDERS = {
  name: () => t("board.byName"),
  state: () => t("board.byState"),
  longest: () => t("board.byTime"),
};
/** In other states, a reason is that of an earlier one. */
const REASONED_STATES = ["NOT_READY", "LOGOUT"];
/** Columns of the table. */
const COLUMNS = 4;

export class TeamBoardElement extends CallcardElement {
  static tag = "team-board";

  /** @type {TeamModel | null} */
  #model = null;
  /** @type {Own} */
  #own = { user: {}, calls: [], platform: "ucce" };
  /** @type {Group | ""} */
  #group = "";
  #opened = "";
  /** The agents in the order in which they are shown. @type {string[]} */
  #ids = [];
  /** @type {Map<string, Row>} by login id */
  #rows = new Map();
  /** @type {Map<Group, HTMLButtonElement>} */
  #groups = new Map();
  #text = h("input", { type: "search", id: uniqueId("agents"), dir: "auto" });
  #order = h("select", { id: uniqueId("order") });
  #body = h("tbody", {});
  #table = h("table", { class: "agents" });
  #empty = h("p", { class: "about empty", role: "status" });
  #panel = new AgentPanelElement();
  #detail = h("tr", { class: "detail" }, h("td", { colspan: COLUMNS }, this.#panel));

  build() {
    const groups = GROUPS.map((group) => {
      const toggle = () => this.#filter(this.#group === group ? "" : group);
      const button = h("button", { type: "button", class: `group ${group}`, onclick: toggle });
      this.#groups.set(group, button);
      return button;
    });
    const orders = Object.entries(ORDERS).map(([value, label]) => h("option", { value }, label()));
    this.#order.append(...orders);
    this.#text.placeholder = t("board.search");
    this.#text.setAttribute("aria-label", t("board.search"));
    this.#order.setAttribute("aria-label", t("board.order"));
    for (const input of [this.#text, this.#order])
      input.addEventListener("input", () => this.#draw(true));
    const titles = [t("board.agent"), t("board.state"), t("board.time"), t("board.call")];
    this.#table.append(
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          titles.map((title) => h("th", { scope: "col" }, title)),
        ),
      ),
      this.#body,
    );
    const later = () => queueMicrotask(() => this.#draw());
    this.#body.addEventListener("pointerleave", later);
    this.#body.addEventListener("focusout", later);
    this.append(
      h("div", { class: "groups", role: "group", "aria-label": t("board.groups") }, groups),
      h("div", { class: "bar" }, this.#text, this.#order),
      this.#table,
      this.#empty,
    );
  }

  /** Show a team as it is now. @param {TeamModel} model @param {Own} own the supervisor's */
  show(model, own) {
    this.#model = model;
    this.#own = own;
    this.#draw();
  }

  /** Update the times. @param {number} now in milliseconds */
  tick(now) {
    const thresholds = this.#model?.thresholds ?? {};
    for (const row of this.#rows.values()) row.tick(thresholds, now);
  }

  /** @param {Group | ""} group */
  #filter(group) {
    this.#group = group;
    this.#draw(true);
  }

  /** @param {boolean} [isForced] whether rows may move although somebody points at them */
  #draw(isForced = false) {
    if (!this.#model) return;
    const { members, isRead } = this.#model;
    const counts = countGroups(members.values());
    for (const [group, button] of this.#groups) {
      const text = `${GROUP_LABELS[group]()} ${counts[group]}`;
      setText(button, text);
      button.setAttribute("aria-pressed", String(this.#group === group));
    }
    this.#ids = this.#idsToShow(isForced);
    for (const [id, row] of this.#rows)
      if (!this.#ids.includes(id)) {
        row.element.remove();
        this.#rows.delete(id);
      }
    const now = desktop.now;
    const wanted = this.#ids.flatMap((id) => {
      const member = /** @type {TeamMember} */ (members.get(id));
      const row = this.#rows.get(id) ?? new Row(() => this.#open(id));
      this.#rows.set(id, row);
      row.show(member, id === this.#opened, this.#own.platform);
      row.tick(this.#model?.thresholds ?? {}, now);
      return id === this.#opened ? [row.element, this.#detail] : [row.element];
    });
    if (!this.#ids.includes(this.#opened)) this.#detail.remove();
    arrange(this.#body, wanted);
    const opened = members.get(this.#opened);
    if (opened) this.#panel.show(opened, this.#own, members.values());
    this.#table.hidden = !this.#ids.length;
    this.#empty.textContent = this.#ids.length ? "" : isRead ? t("board.nobody") : "";
  }

  /** @param {boolean} isForced */
  #idsToShow(isForced) {
    const members = /** @type {TeamModel} */ (this.#model).members;
    const order = /** @type {Order} */ (this.#order.value || "name");
    const rows = rowsOf(members.values(), {
      group: this.#group,
      text: this.#text.value,
      order,
      language: desktop.language,
    });
    const ids = rows.map(({ id }) => id);
    const isHeld = this.#body.matches(":hover") || this.#body.contains(document.activeElement);
    if (isForced || !isHeld) return ids;
    const kept = this.#ids.filter((id) => members.has(id));
    return [...kept, ...ids.filter((id) => !kept.includes(id))];
  }

  /** @param {string} id */
  #open(id) {
    this.#opened = this.#opened === id ? "" : id;
    this.#draw();
  }
}

/** A row of the table. */
class Row {
  #name = h("button", { type: "button", class: "quiet name" });
  #state = h("td", { class: "state" });
  #time = h("td", { class: "time" });
  #call = h("td", { class: "call" });
  /** @type {TeamMember | null} */
  #member = null;
  #shownTime = "";

  /** @param {() => void} onOpen */
  constructor(onOpen) {
    this.#name.addEventListener("click", onOpen);
    const name = h("th", { scope: "row" }, this.#name);
    this.element = h("tr", {}, name, this.#state, this.#time, this.#call);
  }

  /**
   * @param {TeamMember} member @param {boolean} isOpened
   * @param {import("../shared/types.d.ts").Platform} platform
   */
  show(member, isOpened, platform) {
    this.#name.setAttribute("aria-expanded", String(isOpened));
    if (member === this.#member) return;
    this.#member = member;
    this.#name.replaceChildren(isolate(member.name));
    this.element.dataset.group = groupOf(member.state);
    const { state, reason, pending_state: next } = member;
    this.#state.replaceChildren(
      h("span", { class: "dot" }),
      reason && REASONED_STATES.includes(state)
        ? t("board.because", { state: stateLabel(state), reason })
        : stateLabel(state),
      next && next !== state
        ? h("span", { class: "about" }, ` ${t("state.next", { state: stateLabel(next) })}`)
        : "",
    );
    this.#call.replaceChildren(...callText(callsOf(member, platform)));
    this.#call.title = this.#call.textContent ?? "";
  }

  /** @param {TeamModel["thresholds"]} thresholds @param {number} now */
  tick(thresholds, now) {
    if (!this.#member) return;
    const seconds = secondsInState(this.#member, now);
    const text = Number.isNaN(seconds) ? "" : formatDuration(seconds);
    const level = levelOf(this.#member, thresholds, now);
    if (text + level === this.#shownTime) return;
    this.#shownTime = text + level;
    this.element.dataset.level = level;
    const warning =
      level && h("span", { class: "hidden" }, level === "red" ? t("board.red") : t("board.amber"));
    this.#time.replaceChildren(text, warning);
  }
}

/**
 * Return whom an agent talks to; of several calls the one that is not on hold.
 * @param {import("./types.d.ts").TeamCall[]} calls
 */
function callText(calls) {
  const call = calls.find(({ state }) => state === "ACTIVE") ?? calls[0];
  if (!call) return [];
  const { name, number, queue, direction, state } = call;
  const who = name ? isolate(name) : number ? phoneNumber(number) : t("caller.withheld");
  const line = h(
    "span",
    { class: "call-line" },
    directionIcon(direction),
    dotted([state === "ALERTING" && t("phase.ringing"), who, queue && isolate(queue)]),
    calls.length > 1 ? h("span", { class: "about" }, `+${calls.length - 1}`) : "",
  );
  return [line];
}

/** Put elements in order, and move only those that are elsewhere. @param {HTMLElement} parent @param {HTMLElement[]} wanted */
function arrange(parent, wanted) {
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}
