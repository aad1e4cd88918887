// What the gadget's page consists of, as its controls share it.

import type { CallActions } from "../shared/call-actions.js";
import type { CallsModel } from "../shared/calls-model.js";
import type { Commands } from "../shared/commands.js";
import type { Agent } from "./agent.js";
import type { LaterAside } from "./app-aside.js";
import type { AppNoticesElement } from "./app-notices.js";
import type { CallTabsElement } from "./call-tabs.js";
import type { ContactSearchElement } from "./contact-search.js";

export interface AppParts {
  model: CallsModel;
  commands: Commands;
  actions: CallActions;
  agent: Agent;
  search: ContactSearchElement;
  notices: AppNoticesElement;
  tabs: CallTabsElement;
  aside: LaterAside;
  /** Draw the page: something but a call has changed. */
  show(): void;
}
