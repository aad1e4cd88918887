// What the card loads after it is shown: the forms and panels that an agent opens.

import { CallbackFormElement } from "./callback-form.js";
import { CaseFormElement } from "./case-form.js";
import { infoContent } from "./info-content.js";
import { LookupExplanationElement } from "./lookup-explanation.js";

for (const element of [CallbackFormElement, CaseFormElement, LookupExplanationElement])
  element.define();

export { CallbackFormElement, CaseFormElement, LookupExplanationElement, infoContent };
