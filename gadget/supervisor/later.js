// What the page of supervisors loads when a tab beside the team's board is opened.

import { h } from "../shared/dom.js";
import { ParkedListElement } from "../shared/parked-list.js";
import { addTexts } from "../shared/texts.js";
import { AuditListElement } from "./audit-list.js";
import { ParkedPanelElement } from "./parked-panel.js";
import { ProposalListElement } from "./proposal-list.js";
import { QueueBoardElement } from "./queue-board.js";

/** @param {string} name @returns the address of a file of this script */
const fileUrl = (name) => new URL(name, import.meta.url).href;

const style = h("link", { rel: "stylesheet", href: fileUrl("later.css") });
const styled = new Promise((resolve) => {
  style.onload = style.onerror = resolve;
  document.head.append(style);
});
const ELEMENTS = [
  AuditListElement,
  ParkedListElement,
  ParkedPanelElement,
  ProposalListElement,
  QueueBoardElement,
];

const createPanels = () => ({
  queues: new QueueBoardElement(),
  lists: new ProposalListElement(),
  parked: new ParkedPanelElement(),
  audit: new AuditListElement(),
});
/** @type {ReturnType<typeof createPanels> | undefined} */
let panels;

/**
 * Return the panels beside the board, each with a `read()` that shows what the service has now.
 * @param {number} tries a browser remembers that a script failed, by its address
 */
export async function openPanels(tries) {
  if (panels) return panels;
  const again = tries > 1 ? `?try=${tries}` : "";
  const { texts } = await import(fileUrl(`later-texts/${window.callcardBoot.texts}.js${again}`));
  addTexts(texts);
  await styled;
  for (const element of ELEMENTS) element.define();
  return (panels ??= createPanels());
}
