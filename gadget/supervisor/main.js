// <supervisor-app>: the page of supervisors: their team's board, and beside it queues, proposals for
// number lists, calls that are not in the CRM, and the audit. Wires desktop, model, elements and
// service together.

import { api } from "../shared/api.js";
import { isConversation } from "../shared/call.js";
import { desktop } from "../shared/desktop.js";
import { followTeam } from "../shared/desktop-team.js";
import { every, h, listen, lockPresses, setText } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { InlineQuestionElement } from "../shared/inline-question.js";
import { afterPress, followPresses } from "../shared/press.js";
import { formatTime, t } from "../shared/texts.js";
import { AgentPanelElement } from "./agent-panel.js";
import { partIn } from "./agent-rules.js";
import { CoachingThreadElement } from "./coaching-thread.js";
import { SupervisorTabsElement } from "./supervisor-tabs.js";
import { teamApi } from "./team-api.js";
import { TeamBoardElement } from "./team-board.js";
import { TeamModel } from "./team-model.js";

/** @typedef {import("./types.d.ts").AgentAction} AgentAction */

/** Milliseconds between reads of the team and of the panel in front. */
const READ_MS = 15_000;
const TEAM_KEY = "callcard.team";
/** Milliseconds until the profile is read again after a failure. */
const PROFILE_RETRY_MS = 10_000;

class SupervisorAppElement extends CallcardElement {
  static tag = "supervisor-app";

  /** The supervisor, as Finesse has them. @type {import("./agent-rules.js").Own} */
  #own = { user: {}, calls: [], platform: "ucce" };
  #ownName = "";
  #hasProfile = false;
  #model = new TeamModel({
    api: teamApi,
    ownId: desktop.agentId,
    now: () => desktop.now,
    follow: followTeam,
    onChange: () => this.#show(),
    isShown: () => this.#isShown,
  });
  #connection = h("p", { class: "notice", role: "alert", hidden: true });
  #error = h("p", { class: "notice", role: "alert", hidden: true });
  #mode = h("p", { class: "mode", role: "status" });
  #modeError = h("span", { class: "error", role: "alert" });
  #shownMode = "";
  #isLeaving = false;
  /** Agents' names by extension, of all teams that were in front. @type {Map<string, string>} */
  #names = new Map();
  #team = h("select", { hidden: true });
  #tabs = new SupervisorTabsElement();
  #board = new TeamBoardElement();

  build() {
    this.#team.setAttribute("aria-label", t("board.team"));
    this.#team.addEventListener("change", () => this.#selectTeam(this.#team.value));
    this.#tabs.setBoard(this.#board);
    this.#tabs.nameOf = (id) => this.#nameOf(id);
    this.append(this.#connection, this.#error, this.#mode, this.#team, this.#tabs);
  }

  connectedCallback() {
    super.connectedCallback();
    document.documentElement.lang = desktop.language;
    document.documentElement.dir = document.body.dir || "ltr";
    document.title = t("board.title");
    desktop.fitHeight(this, this.signal);
    listen(
      this,
      {
        "callcard-agent-action": ({ id, action, address }) => this.#act(id, action, address),
        "callcard-coaching-listed": ({ agent }) => teamApi.coaching(agent),
        "callcard-coaching-sent": ({ agent, text, request_id }) =>
          teamApi.coach(agent, { text, request_id }),
        "callcard-delivery-retry": ({ id }) => api.retryDelivery(id),
        "callcard-list-entry-removed": ({ entry }) => api.removeFromList(entry.list, entry.id),
        "callcard-proposal-decided": ({ entry, isAccepted }) =>
          isAccepted ? teamApi.accept(entry) : api.removeFromList(entry.list, entry.id),
      },
      this.signal,
    );
    every(1000, () => this.#isShown && this.#board.tick(desktop.now), this.signal);
    every(READ_MS, () => this.#isShown && this.#read(), this.signal);
    this.signal.addEventListener("abort", () => this.#model.dispose());
    let wasShown = true;
    let top = 0;
    new ResizeObserver(() => {
      // A second press was for what was there before a notice came or went.
      if (this.#tabs.offsetTop !== top) lockPresses(this.#tabs);
      top = this.#tabs.offsetTop;
      if (this.#isShown && !wasShown) this.#read(); // nothing was read behind another tab
      wasShown = this.#isShown;
    }).observe(this);
    this.#setConnection(t("connecting"));
    desktop
      .follow(
        {
          agent: (user) => this.#onSelf({ user }),
          calls: (calls) => this.#onSelf({ calls }),
          connected: (isConnected) => this.#onConnection(isConnected),
          failed: () => this.#setConnection(t("connection.failed")),
        },
        this.signal,
      )
      .catch(() => this.#setConnection(t("connection.failed")))
      .finally(desktop.dismissLoading);
  }

  /** @param {string} id */
  #nameOf(id) {
    const name = id === desktop.agentId ? this.#ownName : this.#model.members.get(id)?.name;
    return name || id;
  }

  /** Whether the desktop shows the gadget: in a hidden tab it has no height. */
  get #isShown() {
    return this.getBoundingClientRect().height > 0;
  }

  /** Take the supervisor's own state or calls. @param {Partial<import("./agent-rules.js").Own>} change */
  #onSelf(change) {
    this.#own = { ...this.#own, ...change };
    this.#setConnection("");
    if (!this.#hasProfile) {
      this.#hasProfile = true;
      void this.#readProfile();
    }
    this.#show();
  }

  async #readProfile() {
    try {
      const { name, supervised_teams: teams, platform } = await api.me();
      this.#ownName = name;
      this.#own = { ...this.#own, platform };
      this.#setError(teams.length ? "" : t("board.noTeam"));
      this.#team.replaceChildren(...teams.map(({ id, name }) => h("option", { value: id }, name)));
      this.#team.hidden = teams.length < 2;
      const last = localStorage.getItem(TEAM_KEY);
      const team = teams.find(({ id }) => id === last) ?? teams[0];
      if (team) this.#selectTeam(team.id);
    } catch (error) {
      this.#setError(errorText(error));
      setTimeout(() => !this.signal.aborted && this.#readProfile(), PROFILE_RETRY_MS);
    }
  }

  /** @param {string} id */
  #selectTeam(id) {
    this.#team.value = id;
    localStorage.setItem(TEAM_KEY, id);
    void this.#model.select(id);
  }

  #read() {
    void this.#model.read();
    this.#tabs.read();
  }

  #show() {
    afterPress(() => this.#draw());
  }

  #draw() {
    if (!this.isConnected || !this.#hasProfile) return;
    if (this.#model.teamId) this.#setError(this.#model.error ? errorText(this.#model.error) : "");
    this.#board.show(this.#model, this.#own);
    this.#showMode();
  }

  /** Say in whose call the supervisor is, also of a team that is not in front. */
  #showMode() {
    const { calls, user } = this.#own;
    for (const { name, extension } of this.#model.members.values())
      if (extension) this.#names.set(extension, name);
    const texts = [...this.#names].flatMap(([extension, name]) => {
      const part = extension === user.extension ? null : partIn(calls, extension);
      if (!part) return [];
      return part.mode === "listening"
        ? t("board.listeningTo", { name })
        : t("board.inCallOf", { name });
    });
    const listening = calls.find((call) => !isConversation(call));
    const shown = texts.join(" ");
    if (shown + listening?.id === this.#shownMode) return;
    this.#shownMode = shown + listening?.id;
    this.#modeError.textContent = "";
    this.#mode.replaceChildren(shown);
    if (!listening) return;
    const leave = () => void this.#leave(listening.id);
    const button = h("button", { type: "button", onclick: leave }, t("board.leave"));
    this.#mode.append(button, this.#modeError);
  }

  /** Stop listening, also to an agent whose row is not in sight. @param {string} callId */
  async #leave(callId) {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#modeError.textContent = "";
    try {
      const { outcome } = await teamApi.leave(callId);
      if (outcome !== "confirmed") this.#modeError.textContent = t("error.unknown");
    } catch (error) {
      this.#modeError.textContent = errorText(error);
    }
    this.#isLeaving = false;
  }

  /**
   * Do something about an agent; resolve with what came of it.
   * @param {string} id @param {AgentAction | "remove"} action
   * @param {string} address whom to remove from the agent's call
   * @returns {Promise<{outcome: string}>}
   */
  #act(id, action, address) {
    const { extension = "" } = this.#model.members.get(id) ?? {};
    const part = partIn(this.#own.calls, extension);
    const isOver = Promise.resolve({ outcome: "confirmed" });
    switch (action) {
      case "ready":
        return teamApi.setState(id, "READY");
      case "not-ready":
        return teamApi.setState(id, "NOT_READY");
      case "sign-out":
        return teamApi.setState(id, "LOGOUT");
      case "leave":
        return part ? teamApi.leave(part.callId) : isOver;
      case "remove":
        return part ? teamApi.remove(part.callId, address) : isOver;
      default:
        return teamApi.supervise(id, action);
    }
  }

  /** @param {boolean} isConnected */
  #onConnection(isConnected) {
    this.#setConnection(isConnected ? "" : t("connection.lost", { time: formatTime(Date.now()) }));
    // Events of the time without a connection are lost.
    if (isConnected) this.#read();
  }

  /** @param {string} text */
  #setConnection(text) {
    this.#connection.hidden = !text;
    this.#connection.textContent = text;
  }

  /** @param {string} text */
  #setError(text) {
    this.#error.hidden = !text;
    setText(this.#error, text);
  }
}

followPresses();
for (const element of [
  AgentPanelElement,
  CoachingThreadElement,
  InlineQuestionElement,
  SupervisorTabsElement,
  TeamBoardElement,
])
  element.define();
SupervisorAppElement.define();
