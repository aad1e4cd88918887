// The elements that this gadget's page shows first, registered together.

import { AgentStateElement } from "./agent-state.js";
import { AppInfoElement } from "./app-info.js";
import { AppNoticesElement } from "./app-notices.js";
import { CallTabsElement } from "./call-tabs.js";
import { ContactSearchElement } from "./contact-search.js";

const ELEMENTS = [
  AgentStateElement,
  AppInfoElement,
  AppNoticesElement,
  CallTabsElement,
  ContactSearchElement,
];

/** Register every element. */
export function defineElements() {
  for (const element of ELEMENTS) element.define();
}
