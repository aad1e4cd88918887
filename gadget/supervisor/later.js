// What the page of supervisors loads when a tab beside the team's board is opened.

import { loadLaterAssets } from "../shared/later-assets.js";
import { ListFormElement } from "../shared/list-form.js";
import { ParkedListElement } from "../shared/parked-list.js";
import { AuditListElement } from "./audit-list.js";
import { ParkedPanelElement } from "./parked-panel.js";
import { NumberListsElement } from "./number-lists.js";
import { ProposalListElement } from "./proposal-list.js";
import { QueueBoardElement } from "./queue-board.js";

const ELEMENTS = [
  AuditListElement,
  ListFormElement,
  NumberListsElement,
  ParkedListElement,
  ParkedPanelElement,
  ProposalListElement,
  QueueBoardElement,
];

const createPanels = () => ({
  queues: new QueueBoardElement(),
  lists: new NumberListsElement(),
  parked: new ParkedPanelElement(),
  audit: new AuditListElement(),
});
/** @type {ReturnType<typeof createPanels> | undefined} */
let panels;

/**
 * Return the panels beside the board, each with a `read()` that shows what the service has now.
 * @param {number} tries a browser remembers that a script failed, by its address
 * @param {(id: string) => string} nameOf returns an agent's name
 */
export async function openPanels(tries, nameOf) {
  if (panels) return panels;
  await loadLaterAssets(import.meta.url, tries);
  for (const element of ELEMENTS) element.define();
  panels ??= createPanels();
  panels.audit.nameOf = nameOf;
  return panels;
}
