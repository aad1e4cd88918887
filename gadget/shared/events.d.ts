// Types of the bundle's events.

import type { AgentAction, CoachingMessage } from "../supervisor/types.d.ts";
import type {
  Action,
  Callback,
  CallbackCustomer,
  Case,
  CommandParams,
  Contact,
  ContactSearchResult,
  Explanation,
  Interaction,
  ListedNumber,
  Match,
  NewCallback,
  NewCase,
  NewContact,
  TransferTarget,
} from "./types.d.ts";

/**
 * Events that elements fire for their app, by name. Each bubbles; the detail says which call it is
 * about.
 */
export interface CallcardEvents {
  /** Another call is in front. */
  "callcard-call-selected": { callId: string };
  /** `isReady`: the agent wants the next call. */
  "callcard-call-closed": { callId: string; isReady: boolean };
  /** `shownOn` is the call whose panel the button is on, if it is another one. */
  "callcard-call-command": {
    callId: string;
    action: Action;
    params?: CommandParams;
    shownOn?: string;
    /** Name of whom the call goes to. */
    who?: string;
  };
  "callcard-callback-dialled": { id: string; contact: string; reason: string };
  "callcard-callback-form-closed": { isSaved: boolean; isDated?: boolean };
  "callcard-callback-status": { id: string; status: "done" | "open" };
  /** `callback` is the one to change; `callId` the call that it is about. */
  "callcard-callback-scheduled": {
    customer: CallbackCustomer;
    callback?: { id: string; due_at: string };
    callId?: string;
  };
  /** The agent wants to open a case for the call's contact. */
  "callcard-case-form-opened": { callId: string };
  /** Whether the case is saved. */
  "callcard-case-form-closed": boolean;
  /** The agent wants to block or flag the number of the call. */
  "callcard-list-form-opened": { callId: string };
  /** The agent wants to know why the card shows whom it shows. */
  "callcard-explanation-opened": { callId: string };
  "callcard-contact-chosen": { callId: string; match: Match; addedNumber?: string };
  "callcard-contact-edited": { callId: string; draft: Record<string, string> };
  /** The caller is not the contact that was found. */
  "callcard-contact-rejected": { callId: string };
  /** The agent wants to search for the caller; `addsNumber`: and to add the number to the record. */
  "callcard-search-opened": { callId: string; addsNumber: boolean };
  "callcard-drawer-toggled": { callId: string; drawer: "targets" | "keypad" | "callback" };
  "callcard-lookup-retried": { callId: string };
  "callcard-notes-edited": { callId: string; text: string };
  /** The agent has left the notes' field. */
  "callcard-notes-left": { callId: string };
  /** `contact` is whose number it is: the call is with them. */
  "callcard-number-dialled": { number: string; contact?: Contact };
  "callcard-record-closed": null;
  "callcard-record-opened": { contact: Contact };
  "callcard-state-chosen": { state: string; reason: string | null };
  "callcard-variable-edited": { callId: string; name: string; value: string };
  "callcard-wrap-up-chosen": { callId: string; reasons: string[] };
}

/** Events that the app answers with a promise. */
export interface CallcardRequests {
  "callcard-callback-change": {
    detail: { id: string; due_at: string; note: string };
    response: Callback;
  };
  "callcard-callback-create": { detail: { callback: NewCallback }; response: Callback };
  "callcard-contact-create": {
    detail: { callId: string; contact: NewContact };
    response: Contact;
  };
  "callcard-contact-search": {
    detail: { text: string; signal: AbortSignal };
    response: ContactSearchResult;
  };
  "callcard-case-create": {
    detail: { callId: string; contact: Contact; newCase: NewCase };
    response: Case;
  };
  "callcard-lookup-explained": { detail: { number: string }; response: Explanation };
  "callcard-delivery-retry": { detail: { id: string }; response: Interaction };
  /** A supervisor does something about an agent. */
  "callcard-agent-action": {
    detail: { id: string; action: AgentAction | "remove"; address: string };
    response: { outcome: string };
  };
  /** The agent has read a supervisor's message; `answer` may be empty. */
  "callcard-coaching-answered": {
    detail: { id: string; answer: string };
    response: CoachingMessage;
  };
  "callcard-coaching-listed": {
    detail: { agent: string };
    response: { messages: CoachingMessage[] };
  };
  "callcard-coaching-sent": {
    detail: { agent: string; text: string; request_id: string };
    response: CoachingMessage;
  };
  "callcard-list-entry-removed": { detail: { entry: ListedNumber }; response: ListedNumber };
  "callcard-proposal-decided": {
    detail: { entry: ListedNumber; isAccepted: boolean };
    response: ListedNumber;
  };
  "callcard-target-search": {
    detail: { text: string; signal: AbortSignal; kinds?: TransferTarget["kind"][] };
    response: { targets: TransferTarget[]; missing: string[] };
  };
}

export type RequestDetail<Name extends keyof CallcardRequests> =
  CallcardRequests[Name]["detail"] & {
    respondWith: (response: Promise<CallcardRequests[Name]["response"]>) => void;
  };

/** An app's handlers, by event; each gets the event's detail. */
export type EventHandlers = {
  [Name in keyof CallcardEvents]?: (detail: CallcardEvents[Name]) => unknown;
} & {
  [Name in keyof CallcardRequests]?: (
    detail: CallcardRequests[Name]["detail"],
  ) => Promise<CallcardRequests[Name]["response"]>;
};

type CallcardEventMap = {
  [Name in keyof CallcardEvents]: CustomEvent<CallcardEvents[Name]>;
} & { [Name in keyof CallcardRequests]: CustomEvent<RequestDetail<Name>> };

declare global {
  // The vendor ships no types; only shared/desktop.js uses these libraries.
  const gadgets: any;
  const finesse: any;
  interface Window {
    callcardBoot: {
      hub: Promise<any>;
      service: string;
      version: string;
      bundle: string;
      /** The language of the page's texts, one of the bundle's. */
      texts: string;
    };
    gadgets: any;
    finesse: any;
  }
  interface HTMLElementEventMap extends CallcardEventMap {}
}
