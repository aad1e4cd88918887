// <callback-form>: call somebody later. Fires `later` with the callback that is saved, `left` when the agent leaves it.

import { api } from "../shared/api.js";
import { h, own, phone, tell, uniqueId } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { sentence } from "./failures.js";

export class CallbackFormElement extends HTMLElement {
  /** @param {{number: string, shown: string, name: string, contact: string}} whom */
  show({ number, shown, name, contact }) {
    const [whenId, noteId] = [uniqueId("when"), uniqueId("note")];
    const requestId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const when = h("input", { id: whenId, type: "datetime-local" });
    const note = h("input", { id: noteId, maxlength: 1000, dir: "auto", autocomplete: "off" });
    const error = h("p", { class: "error", role: "alert" });
    const save = h("button", { class: "primary" }, t("callback.save"));
    const form = h(
      "form",
      { novalidate: true },
      h("h3", {}, t("callback.whom"), " ", name ? [own(name), " · "] : "", phone(shown || number)),
      h("p", { class: "field" }, h("label", { for: whenId }, t("callback.when")), when),
      h("p", { class: "field" }, h("label", { for: noteId }, t("callback.note")), note),
      error,
      h(
        "p",
        { class: "row" },
        save,
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => tell(this, "left") },
          t("variables.cancel"),
        ),
      ),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (save.disabled) return;
      save.disabled = true;
      error.textContent = "";
      try {
        const at = when.value ? new Date(when.value).toISOString().replace(/\.\d+Z$/, "Z") : "";
        tell(
          this,
          "later",
          await api.saveCallback({
            number,
            name,
            contact,
            at,
            note: note.value.trim(),
            request_id: requestId,
          }),
        );
      } catch (failure) {
        error.textContent = sentence(failure);
      } finally {
        save.disabled = false;
      }
    });
    this.replaceChildren(form);
    when.focus();
  }
}

customElements.define("callback-form", CallbackFormElement);
