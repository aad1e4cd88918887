// Types of what the container and the Finesse library give a gadget, and of the service's JSON.

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
  scheduledCallbackInfo?: { callbackTime?: string | null } | null;
}

export interface UserData {
  loginId?: string;
  extension?: string | null;
  state?: string | null;
  pendingState?: string | null;
  reasonCodeId?: string | null;
  stateChangeTime?: string | null;
  /** Seconds; absent before 12.5. */
  wrapUpTimer?: string | null;
}

export interface ContactNumber {
  number: string;
  label: string;
  e164: string | null;
}

export interface HistoryEntry {
  started_at: string;
  kind: string;
  subject: string;
  direction: string;
  agent: string;
  /** How one of Callcard's own calls ended; empty for other entries, which have a subject. */
  outcome: string;
  duration_seconds: number;
  wrap_up_reasons: string[];
  notes: string;
}

export interface Case {
  id: string;
  subject: string;
  status: string;
  opened_at: string;
  url: string;
  notes: string;
}

export interface NewCase {
  subject: string;
  notes: string;
  request_id: string;
}

export interface Contact {
  source: string;
  id: string;
  name: string;
  company: string;
  email: string;
  url: string;
  language: string;
  flags: string[];
  warnings: string[];
  numbers: ContactNumber[];
  interactions: HistoryEntry[];
  cases: Case[];
  /** Where several sources have the person; empty for one source. */
  records?: { source: string; id: string; url: string }[];
}

export interface NewContact {
  name: string;
  company: string;
  email: string;
  numbers: string[];
  request_id: string;
}

export interface Match {
  how: "exact" | "suffix" | "variable" | "chosen" | "remembered";
  contact: Contact;
}

export interface ParsedNumber {
  given: string;
  kind: "public" | "internal" | "withheld" | "unreadable";
  e164: string | null;
  display: string;
  country: string | null;
  time_zone: string;
}

/** Which sources answered. */
export interface SourceAnswers {
  sources: Record<string, "ok" | "pending" | "late" | "failed" | "skipped">;
  /** Why each source that is not ok has no contacts. */
  problems: Record<string, string>;
}

export interface ContactSearchResult extends SourceAnswers {
  contacts: Contact[];
}

export interface LookupResult extends SourceAnswers {
  number: ParsedNumber;
  matches: Match[];
  /** Why the first match is the caller; null if the agent must choose. */
  selection: Selection | null;
  /** The last calls of the number that have no contact. Earlier services have no such list. */
  interactions?: HistoryEntry[];
}

export interface Selection {
  rule:
    | "chosen"
    | "variable"
    | "remembered"
    | "only-match"
    | "last-used"
    | "last-updated"
    | "earliest"
    | "source-order";
  /** Whose choice is remembered, and since when; empty for other rules. */
  chosen_by: string;
  chosen_at: string;
}

/** Why a look-up found whom it found. */
export interface Explanation {
  number: ParsedNumber;
  selection: Selection | null;
  sources: {
    name: string;
    status: LookupResult["sources"][string];
    problem: string;
    seconds: number;
    /** As the age of a copy; often empty. */
    state: string;
    requests: string[];
    records: FoundRecord[];
  }[];
}

export interface FoundRecord {
  id: string;
  name: string;
  how: Match["how"];
  /** Which of the record's numbers agrees, with its label. */
  number: string;
  label: string;
  verdict: "selected" | "merged" | "offered";
  merged_by: "email" | "number-and-name" | "";
}

export interface Reason {
  id: string;
  code: string;
  label: string;
}

export type Platform = "ucce" | "uccx";

/** The contact sources that can save what the agent adds. */
export interface WritableSources {
  contacts: string[];
  numbers: string[];
  cases: string[];
}

export interface Me {
  id: string;
  name: string;
  state: string;
  reason: Reason | null;
  platform: Platform;
  writable_sources: WritableSources;
  bring_to_front: "ring" | "answer" | "never";
  wrap_up_reasons: string[];
  not_ready_reasons: Reason[];
  sign_out_reasons: Reason[];
  supervised_teams: { id: string; name: string }[];
}

/** What the card can do to a call; each is a path of the API. */
export type Action =
  | "accept"
  | "reject"
  | "close"
  | "answer"
  | "retrieve"
  | "hold"
  | "complete-transfer"
  | "conference"
  | "consult"
  | "transfer"
  | "dtmf"
  | "record"
  | "callback"
  | "cancel-callback"
  | "data"
  | "wrap-up"
  | "drop-participant"
  | "drop";

export interface CommandParams {
  to?: string;
  participant?: string;
  digits?: string;
  variables?: Record<string, string>;
  wrap_up_reasons?: string[];
  callback_time?: string;
  callback_number?: string;
}

export interface CommandResponse {
  request_id: string;
  outcome: string;
}

export interface ReportedParticipant {
  address: string;
  state: string;
  state_since: string;
  joined_at: string;
  is_agent: boolean;
}

export interface CallReport {
  id: string;
  call_key: string;
  associated_call: string;
  merged_call: string;
  from_address: string;
  to_address: string;
  dialed_number: string;
  callback_number: string;
  type: string;
  queue: string;
  variables: Record<string, string>;
  wrap_up_reasons: string[];
  participants: ReportedParticipant[];
  earlier_states?: ReportedParticipant[];
  /** Finesse has taken the call off this agent's desktop. */
  ended: boolean;
  agent_state?: string;
  agent_state_since?: string;
}

export interface AgentNotes {
  agent: string;
  name: string;
  extension: string;
  text: string;
  wrap_up_reasons: string[];
}

export interface Interaction {
  id: string;
  status: "unverified" | "open" | "closing" | "due" | "delivered" | "parked";
  problem: string;
  number: string;
  queue: string;
  started_at: string;
  ended_at: string;
  end_reason: string;
  contact: { source: string; id: string; name: string } | null;
  notes: AgentNotes[];
  wrap_up_reasons: string[];
  wrap_up_required: boolean;
  contact_rejected: boolean;
  finished: boolean;
  notes_until: string;
  /** Finesse never confirmed the parked call: only a supervisor can have it delivered. */
  needs_supervisor: boolean;
  /** The customer has hung up, although a consult about them may go on. */
  customer_left: boolean;
  /** The agents who have the customer on the line, by name. */
  customer_with: string[];
}

export interface InteractionChange {
  notes?: string;
  base_notes?: string;
  typed_at?: string;
  wrap_up_reasons?: string[];
  contact?: { source: string; id: string };
  contact_unknown?: boolean;
  finished?: boolean;
}

export interface ReportAcknowledgement {
  interaction: Interaction | null;
  never_logged: boolean;
  /** Finesse has shown this call to the agent; if not, it is reported again. */
  verified: boolean;
  number: string;
  outgoing: boolean;
  /** The call has ended for every agent. */
  call_ended: boolean;
  ended_for_agent: boolean;
  lookup: LookupResult | null;
  /** With a look-up: the entries of number lists that warn of the caller. */
  listed: ListWarning[];
  coaching: boolean;
}

export type NumberListName = "deny" | "allow" | "flag" | "never-log" | "do-not-call";

export interface ListWarning {
  id: string;
  list: NumberListName;
  reason: string;
}

export interface ListedNumber extends ListWarning {
  number: string;
  e164: string;
  is_prefix: boolean;
  author: string;
  author_name: string;
  added_at: string;
  expires_at: string;
  dialled: string;
  team: string;
  action: string;
  target: string;
  state: "effective" | "proposed";
  has_expired: boolean;
  removable: boolean;
}

export interface NumberListSummary {
  name: NumberListName;
  proposals: number;
  right: "decide" | "add" | "propose" | "read";
}

export interface NumberLists {
  lists: NumberListSummary[];
  numbers: ListedNumber[];
}

/** Finesse's error with a problem of code finesse-refused. */
export interface FinesseError {
  type: string;
  message: string;
  data: string;
  /** The platform's own code, sentence and name of the code. */
  peripheral_code?: string;
  peripheral_text?: string;
  peripheral_message?: string;
}

export interface TransferTarget {
  kind: "queue" | "agent" | "phone-book" | "contact";
  name: string;
  detail: string;
  number: string;
}

/** Whom a callback is for, before it is saved. */
export interface CallbackCustomer {
  number: string;
  display: string;
  name: string;
  contact: string;
  /** The number's, as in Europe/Berlin; empty if it is unknown or has several. */
  timeZone: string;
  /** What the callback is about. */
  note: string;
}

export interface NewCallback {
  number: string;
  name: string;
  contact: string;
  due_at: string;
  note: string;
  request_id: string;
}

export interface Callback {
  id: string;
  status: string;
  due_at: string;
  number: string;
  name: string;
  contact: string;
  note: string;
  display: string;
  last_tried_at: string;
  /** Of the number, as in Europe/Berlin; empty if it may be in several zones. */
  time_zone: string;
}
