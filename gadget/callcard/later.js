// What the card loads after it is shown: the forms and panels that an agent opens, and the keyboard
// shortcuts.

import { serviceStatus } from "../shared/api.js";
import { loadLaterTexts } from "../shared/later-assets.js";
import { ParkedListElement } from "../shared/parked-list.js";
import { t } from "../shared/texts.js";
import { AppAsideElement } from "./app-aside.js";
import { AgentCallbacks } from "./agent-callbacks.js";
import { handleAside } from "./aside-handlers.js";
import { CallbackFormElement } from "./callback-form.js";
import { CallbackListElement } from "./callbacks.js";
import { CaseFormElement } from "./case-form.js";
import { CallKeypadElement } from "./call-keypad.js";
import { CallParticipantsElement } from "./call-participants.js";
import { CallVariablesElement } from "./call-variables.js";
import { Coaching } from "./coaching.js";
import { CoachingMessagesElement } from "./coaching-messages.js";
import { ContactFormElement } from "./contact-form.js";
import { ContactRecordElement } from "./contact-record.js";
import { Dialling } from "./dialling.js";
import { drawerContent } from "./drawer-content.js";
import { infoContent } from "./info-content.js";
import { ListFormElement } from "../shared/list-form.js";
import { LookupExplanationElement } from "./lookup-explanation.js";
import { chooseCaller } from "./caller-choice.js";
import { createContact, followChoices } from "./chosen-meanwhile.js";
import { keepFocus } from "./focus-keeper.js";
import { keepInterruptedNotes } from "./interrupted-notes.js";
import { guardPresses } from "./press-guard.js";
import { followReasonKeys } from "./reason-keys.js";
import { restoreCalls } from "./restore-calls.js";
import { searchContacts } from "./search-results.js";
import { registerShortcuts } from "./shortcuts.js";
import { TransferTargetsElement } from "./transfer-targets.js";
import { announceUnseenEnds } from "./unseen-ends.js";
import { writeVariable } from "./variable-writes.js";
import { runWorkflow } from "./workflows.js";

const ELEMENTS = [
  AppAsideElement,
  CallKeypadElement,
  CallParticipantsElement,
  CallVariablesElement,
  CallbackFormElement,
  CallbackListElement,
  CaseFormElement,
  CoachingMessagesElement,
  ContactFormElement,
  ContactRecordElement,
  ListFormElement,
  LookupExplanationElement,
  ParkedListElement,
  TransferTargetsElement,
];

/**
 * Load the texts, and then define the elements: what is on the page already is drawn at once.
 * @param {number} tries a browser remembers that a script failed, by its address
 */
async function prepare(tries) {
  await loadLaterTexts(import.meta.url, tries);
  for (const element of ELEMENTS) element.define();
  guardPresses();
  followReasonKeys();
  serviceStatus.subscribe(clearOldErrors);
}

/**
 * Start what works beside the elements: the callbacks, the shortcuts, and what follows the calls.
 * @param {import("./app-parts.d.ts").AppParts} parts
 * @param {HTMLElement} callbacks an element that is defined by now
 * @param {AbortSignal} signal
 */
function start(parts, callbacks, signal) {
  const { model, agent, aside, tabs, search, show } = parts;
  agent.callbacks = new AgentCallbacks(/** @type {CallbackListElement} */ (callbacks), agent);
  void agent.callbacks.read();
  registerShortcuts(parts);
  keepFocus(tabs, search, signal);
  followChoices(model, aside, () => tabs.selected);
  announceUnseenEnds(model, aside);
  model.subscribe(({ type }) => {
    if (type === "answered" && search.isPlaceOfFocus) tabs.focusCall();
  });
  keepInterruptedNotes(model, signal);
  show();
}

/** The forms say that the service does not answer until it does. */
function clearOldErrors() {
  if (serviceStatus.isDown) return;
  for (const error of document.querySelectorAll("app-aside .error"))
    if (error.textContent === t("error.unreachable")) error.textContent = "";
}

export const later = {
  Coaching,
  ContactFormElement,
  Dialling,
  chooseCaller,
  createContact,
  drawerContent,
  handleAside,
  infoContent,
  prepare,
  restoreCalls,
  runWorkflow,
  searchContacts,
  start,
  writeVariable,
};
