// The view of a call, which the page loads beside what it shows first: an agent signs in long before
// a call rings.

import { ContactCardElement } from "../shared/contact-card.js";
import { InlineQuestionElement } from "../shared/inline-question.js";
import { loadLaterAssets } from "../shared/later-assets.js";
import { CallBriefElement } from "./call-brief.js";
import { CallControlsElement } from "./call-controls.js";
import { CallDrawerElement } from "./call-drawer.js";
import { CallNotesElement } from "./call-notes.js";
import { CallPanelElement } from "./call-panel.js";
import { CallerRecordElement } from "./caller-record.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormPlaceElement } from "./contact-form-place.js";

const ELEMENTS = [
  CallBriefElement,
  CallControlsElement,
  CallDrawerElement,
  CallNotesElement,
  CallPanelElement,
  CallerRecordElement,
  ContactCardElement,
  ContactChoiceElement,
  ContactFormPlaceElement,
  InlineQuestionElement,
];

/**
 * Load its texts and its style sheet, and define its elements.
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function prepare(tries) {
  await loadLaterAssets(import.meta.url, tries);
  for (const element of ELEMENTS) element.define();
}

export { CallPanelElement };
