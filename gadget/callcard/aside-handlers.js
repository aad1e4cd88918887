// What is done in the panel beside the calls: callbacks and cases saved, explanations read, forms
// closed.

import { api } from "../shared/api.js";
import { listen } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { createCase } from "./chosen-meanwhile.js";
import { addCase } from "./contact-updates.js";

/** Milliseconds for which a success is shown. */
const MESSAGE_MS = 5000;

/**
 * Handle the events of the panel.
 * @param {import("./app-aside.js").AppAsideElement} aside
 * @param {import("./app-parts.d.ts").AppParts} parts
 */
export function handleAside(aside, { model, agent, search, tabs, show }) {
  /** @param {string | false} saved what to say of what was saved, if it was */
  const close = (saved) => {
    show();
    const message = saved && aside.showMessage(saved, MESSAGE_MS);
    // What was closed had the focus, unless the agent has gone on to something else.
    if (document.activeElement === document.body && !tabs.focusCall()) search.placeFocus();
    // The form may have been far below.
    if (message) message.scrollIntoView({ block: "nearest" });
  };
  /** @type {import("../shared/events.d.ts").EventHandlers} */
  const handlers = {
    "callcard-callback-change": ({ id, due_at, note }) => api.changeCallback(id, { due_at, note }),
    "callcard-callback-create": ({ callback }) => api.createCallback(callback),
    "callcard-callback-form-closed": ({ isSaved, isDated }) => {
      close(isSaved && (isDated ? t("callback.saved") : t("callback.savedUndated")));
      if (isSaved) void agent.callbacks?.read();
    },
    "callcard-case-create": async ({ callId, contact, newCase }) => {
      const created = await createCase(model, callId, contact, newCase);
      addCase(model, callId, contact, created); // shown in the call's record
      return created;
    },
    "callcard-case-form-closed": (isSaved) => close(isSaved && t("case.saved")),
    "callcard-lookup-explained": ({ number }) => api.explainLookup(number),
    "callcard-record-closed": () => close(false),
  };
  listen(aside, handlers, aside.signal);
}
