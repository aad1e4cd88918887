// What the card loads after it is shown: the forms and panels that an agent opens.

import { h } from "../shared/dom.js";
import { ParkedListElement } from "../shared/parked-list.js";
import { addTexts } from "../shared/texts.js";
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
import { ListFormElement } from "./list-form.js";
import { LookupExplanationElement } from "./lookup-explanation.js";
import { NumberEntries } from "./number-entries.js";
import { restoreCalls } from "./restore-calls.js";
import { TransferTargetsElement } from "./transfer-targets.js";
import { runWorkflow } from "./workflows.js";

const ELEMENTS = [
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

/** @param {string} name @returns the address of a file of this script */
const fileUrl = (name) => new URL(name, import.meta.url).href;

const style = h("link", { rel: "stylesheet", href: fileUrl("later.css") });
// What is opened has its looks from the beginning; without the style sheet it still works.
const styled = new Promise((resolve) => {
  style.onload = style.onerror = resolve;
  document.head.append(style);
});

/**
 * Load the texts, and then define the elements: what is on the page already is drawn at once.
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function prepare(tries) {
  const again = tries > 1 ? `?try=${tries}` : "";
  const { texts } = await import(fileUrl(`later-texts/${window.callcardBoot.texts}.js${again}`));
  addTexts(texts);
  await styled;
  for (const element of ELEMENTS) element.define();
}

export {
  CallbackFormElement,
  CaseFormElement,
  Coaching,
  ContactFormElement,
  ContactRecordElement,
  Dialling,
  ListFormElement,
  LookupExplanationElement,
  NumberEntries,
  drawerContent,
  infoContent,
  restoreCalls,
  runWorkflow,
};
