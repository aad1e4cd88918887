// What the container and the Finesse library give a gadget, as far as Callcard uses it; and what the service answers.

export type OneOrMany<T> = T | T[] | null | undefined;

export interface ParticipantData {
  mediaAddress?: string | null;
  mediaAddressType?: string | null;
  state?: string | null;
  startTime?: string | null;
  stateChangeTime?: string | null;
  stateCause?: string | null;
  actions?: { action?: OneOrMany<string> } | null;
}

export interface DialogData {
  id: string;
  secondaryId?: string | null;
  associatedDialogUri?: string | null;
  callbackNumber?: string | null;
  state?: string | null;
  fromAddress?: string | null;
  toAddress?: string | null;
  mediaProperties?: {
    callType?: string | null;
    dialedNumber?: string | null;
    queueName?: string | null;
    callKeyPrefix?: string | null;
    callKeyCallId?: string | null;
    wrapUpReason?: string | null;
    wrapUpItems?: { wrapUpItem?: OneOrMany<string> } | null;
    callvariables?: {
      CallVariable?: OneOrMany<{ name?: string | null; value?: string | null }>;
    } | null;
  } | null;
  participants?: { Participant?: OneOrMany<ParticipantData> } | null;
}

export interface UserData {
  loginId?: string;
  extension?: string | null;
  state?: string | null;
  pendingState?: string | null;
  reasonCodeId?: string | null;
  stateChangeTime?: string | null;
}

export interface ContactNumber {
  number: string;
  label: string;
  e164: string | null;
}

export interface Contact {
  source: string;
  id: string;
  name: string;
  company: string;
  email: string;
  url: string;
  flags: string[];
  numbers: ContactNumber[];
  interactions: { at: string; kind: string; subject: string; direction: string; agent: string }[];
  cases: { id: string; subject: string; status: string; opened: string; url: string }[];
}

export interface Match {
  how: "exact" | "suffix" | "variable" | "chosen";
  contact: Contact;
}

export interface NumberRead {
  given: string;
  kind: "public" | "internal" | "withheld" | "unreadable";
  e164: string | null;
  display: string;
  country: string | null;
}

export interface Lookup {
  number: NumberRead;
  matches: Match[];
  sources: Record<string, "answered" | "late" | "failed">;
}

export interface Reason {
  id: string;
  code: string;
  label: string;
}

export interface Me {
  id: string;
  name: string;
  state: string;
  reason: Reason | null;
  platform: "ucce" | "uccx";
  wrap_up_reasons: string[];
  not_ready_reasons: Reason[];
  sign_out_reasons: Reason[];
}

export interface Accepted {
  request_id: string;
  outcome: string;
}

export interface PartySeen {
  address: string;
  state: string;
  since: string;
  began: string;
  agent: boolean;
}

export interface CallSeen {
  id: string;
  key: string;
  associated: string;
  secondary: string;
  from_address: string;
  to_address: string;
  dialed: string;
  callback_number: string;
  type: string;
  queue: string;
  variables: Record<string, string>;
  reasons: string[];
  parties: PartySeen[];
  earlier?: PartySeen[];
  over: boolean;
  state?: string;
  since?: string;
}

export interface Interaction {
  id: string;
  state: "open" | "closing" | "due" | "delivered" | "parked";
  problem: string;
  number: string;
  began: string;
  ended: string;
  end: string;
  contact: { source: string; id: string; name: string } | null;
  notes: { agent: string; name: string; text: string; reasons: string[] }[];
  reasons: string[];
  reason_required: boolean;
  finished: boolean;
  closes: string;
}

export interface Told {
  interaction: Interaction | null;
  never_logged: boolean;
  number: string;
  outgoing: boolean;
  ended: boolean;
  gone: boolean;
  lookup: Lookup | null;
}

export interface Target {
  kind: "agent" | "phone-book" | "contact";
  name: string;
  detail: string;
  number: string;
}

export interface Callback {
  id: string;
  status: string;
  at: string;
  number: string;
  name: string;
  contact: string;
  note: string;
  display: string;
  tried: string;
}

declare global {
  // The vendor ships no types, and these libraries are reached through shared/desktop.js alone.
  const gadgets: any;
  const finesse: any;
  interface Window {
    callcardBoot: { hub: Promise<any>; service: string };
    gadgets: any;
    finesse: any;
  }
}
