// The elements of this gadget's page, registered together.

import { ContactCardElement } from "../shared/contact-card.js";
import { AgentStateElement } from "./agent-state.js";
import { AppInfoElement } from "./app-info.js";
import { AppNoticesElement } from "./app-notices.js";
import { CallBriefElement } from "./call-brief.js";
import { CallControlsElement } from "./call-controls.js";
import { CallDrawerElement } from "./call-drawer.js";
import { CallNotesElement } from "./call-notes.js";
import { CallPanelElement } from "./call-panel.js";
import { CallTabsElement } from "./call-tabs.js";
import { CallerRecordElement } from "./caller-record.js";
import { ContactChoiceElement } from "./contact-choice.js";
import { ContactFormPlaceElement } from "./contact-form-place.js";
import { ContactSearchElement } from "./contact-search.js";
import { InlineQuestionElement } from "../shared/inline-question.js";

const ELEMENTS = [
  AgentStateElement,
  AppInfoElement,
  AppNoticesElement,
  CallBriefElement,
  CallControlsElement,
  CallDrawerElement,
  CallNotesElement,
  CallPanelElement,
  CallTabsElement,
  CallerRecordElement,
  ContactCardElement,
  ContactChoiceElement,
  ContactFormPlaceElement,
  ContactSearchElement,
  InlineQuestionElement,
];

/** Register every element. */
export function defineElements() {
  for (const element of ELEMENTS) element.define();
}
