// Types of the service's JSON for supervisors.

/** An agent's call; see GET /teams/{id} of the service. */
export interface TeamCall {
  interaction: string;
  calls: string[];
  number: string;
  name: string;
  queue: string;
  direction: "in" | "out";
  state: string;
  state_since: string;
  started_at: string;
}

export interface TeamMember {
  id: string;
  name: string;
  extension: string;
  state: string;
  state_since: string;
  pending_state: string;
  reason: string;
  calls: TeamCall[];
}

export interface Threshold {
  amber_seconds: number;
  red_seconds: number;
}

export interface Team {
  id: string;
  name: string;
  agents: TeamMember[];
  thresholds: Record<string, Threshold>;
}

export interface Queue {
  id: string;
  name: string;
  calls_waiting: number | null;
  waiting_since: string;
  agents_ready: number | null;
  agents_not_ready: number | null;
  agents_talking: number | null;
  agents_in_wrap_up: number | null;
  agents_signed_in: number | null;
}

/** An agent as an event of their team shows them: what it leaves out has not changed. */
export interface TeamUserUpdate {
  id: string;
  state?: string;
  state_since?: string;
  pending_state?: string;
  reason?: string;
  extension?: string;
}

/** A supervisor's message to an agent; times are empty if not yet. */
export interface CoachingMessage {
  id: string;
  agent: string;
  supervisor: string;
  supervisor_name: string;
  text: string;
  sent_at: string;
  read_at: string;
  answer: string;
  answered_at: string;
}

/** What a supervisor does about an agent. */
export type AgentAction =
  | "ready"
  | "not-ready"
  | "sign-out"
  | "monitor"
  | "barge"
  | "intercept"
  | "leave";

export interface AuditEntry {
  recorded_at: string;
  agent: string;
  action: string;
  number: string;
  detail: string;
}
