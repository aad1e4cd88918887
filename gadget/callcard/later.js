// What the card loads after it is shown: the forms and panels that an agent opens.

import { h } from "../shared/dom.js";
import { CallbackFormElement } from "./callback-form.js";
import { CaseFormElement } from "./case-form.js";
import { CallKeypadElement } from "./call-keypad.js";
import { ContactFormElement } from "./contact-form.js";
import { ContactRecordElement } from "./contact-record.js";
import { drawerContent } from "./drawer-content.js";
import { infoContent } from "./info-content.js";
import { LookupExplanationElement } from "./lookup-explanation.js";
import { restoreCalls } from "./restore-calls.js";
import { TransferTargetsElement } from "./transfer-targets.js";
import { variableForm } from "./variable-form.js";
import { runWorkflow } from "./workflows.js";

const ELEMENTS = [
  CallKeypadElement,
  CallbackFormElement,
  CaseFormElement,
  ContactFormElement,
  ContactRecordElement,
  LookupExplanationElement,
  TransferTargetsElement,
];
for (const element of ELEMENTS) element.define();

const style = h("link", {
  rel: "stylesheet",
  href: new URL("later.css", import.meta.url).href,
});
// What is opened has its looks from the beginning; without the style sheet it still works.
await new Promise((resolve) => {
  style.onload = style.onerror = resolve;
  document.head.append(style);
});

export {
  CallbackFormElement,
  CaseFormElement,
  ContactFormElement,
  ContactRecordElement,
  LookupExplanationElement,
  drawerContent,
  infoContent,
  restoreCalls,
  runWorkflow,
  variableForm,
};
