// <queue-board>: how many calls wait in each queue, for how long, and what its agents do.

import { desktop } from "../shared/desktop.js";
import { h, isolate } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { formatDuration, t } from "../shared/texts.js";
import { teamApi } from "./team-api.js";

/** @typedef {import("./types.d.ts").Queue} Queue */

export class QueueBoardElement extends CallcardElement {
  static tag = "queue-board";

  /** Read the queues and show them. Throws what the service answers. */
  async read() {
    const { queues } = await teamApi.queues();
    if (!queues.length) return this.replaceChildren(h("p", { class: "about" }, t("queues.none")));
    const counts = queues.flatMap((queue) => [queue.calls_waiting, queue.agents_signed_in]);
    const isCounted = counts.some((count) => count !== null);
    const titles = [
      t("queues.name"),
      t("queues.waiting"),
      t("queues.longest"),
      t("state.ready"),
      t("board.onCall"),
      t("state.work"),
      t("state.notReady"),
    ];
    this.replaceChildren(
      isCounted ? "" : h("p", { class: "about" }, t("queues.notCounted")),
      h(
        "table",
        { class: "queues" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            titles.map((title) => h("th", { scope: "col" }, title)),
          ),
        ),
        h(
          "tbody",
          {},
          queues.map((queue) => row(queue, titles)),
        ),
      ),
    );
  }
}

/** @param {Queue} queue @param {string[]} titles of the columns */
function row(queue, [, ...titles]) {
  const seconds = (desktop.now - Date.parse(queue.waiting_since)) / 1000;
  const cells = [
    count(queue.calls_waiting),
    Number.isNaN(seconds) ? "–" : formatDuration(seconds),
    count(queue.agents_ready),
    count(queue.agents_talking),
    count(queue.agents_in_wrap_up),
    count(queue.agents_not_ready),
  ];
  return h(
    "tr",
    { class: queue.calls_waiting ? "waits" : "" },
    h("th", { scope: "row" }, isolate(queue.name)),
    cells.map((cell, index) => h("td", { "data-title": titles[index] }, cell)),
  );
}

/** @param {number | null} number */
const count = (number) => (number === null ? "–" : String(number));
