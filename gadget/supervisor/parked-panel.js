// <parked-panel>: calls that could not be saved in the CRM; one or all of them are tried again.
// Fires `callcard-delivery-retry`.

import { api } from "../shared/api.js";
import { h, request } from "../shared/dom.js";
import { CallcardElement } from "../shared/element.js";
import { errorText } from "../shared/errors.js";
import { ParkedListElement } from "../shared/parked-list.js";
import { t } from "../shared/texts.js";

export class ParkedPanelElement extends CallcardElement {
  static tag = "parked-panel";

  /** @type {import("../shared/types.d.ts").Interaction[]} */
  #parked = [];
  #list = new ParkedListElement();
  #all = h("button", { type: "button", class: "primary" });
  #empty = h("p", { class: "about" });
  #status = h("p", { class: "about", role: "status" });
  #error = h("p", { class: "error", role: "alert" });

  build() {
    this.#all.textContent = t("parked.retryAll");
    this.#all.addEventListener("click", () => void this.#retryAll());
    this.append(this.#list, this.#empty, this.#all, this.#status, this.#error);
  }

  /** Read the parked calls and show them. Throws what the service answers. */
  async read() {
    if (this.#all.disabled) return; // they are being tried again
    this.#show((await api.parkedInteractions()).interactions);
  }

  /** @param {import("../shared/types.d.ts").Interaction[]} parked */
  #show(parked) {
    this.#parked = parked;
    this.#list.show(parked);
    this.#empty.textContent = parked.length ? "" : t("parked.none");
    this.#all.hidden = !this.#retryable.length;
  }

  get #retryable() {
    return this.#parked.filter((each) => !each.needs_supervisor);
  }

  /** Try one after the other, and go on after a failure. */
  async #retryAll() {
    const all = this.#retryable;
    let done = 0;
    let failed = 0;
    this.#all.disabled = true;
    this.#error.textContent = "";
    for (const { id } of all) {
      try {
        await request(this, "callcard-delivery-retry", { id });
        done += 1;
      } catch (error) {
        failed += 1;
        this.#error.textContent = errorText(error);
      }
      this.#status.textContent = t("parked.progress", { done, failed, all: all.length });
    }
    this.#all.disabled = false;
    await this.read().catch(() => {});
  }
}
