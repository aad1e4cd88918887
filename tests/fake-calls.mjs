// A model of an agent's calls on a fake service, for node tests.

import { NotesDrafts } from "../gadget/callcard/drafts.js";
import { CallActions } from "../gadget/shared/call-actions.js";
import { CallsModel } from "../gadget/shared/calls-model.js";
import { Commands } from "../gadget/shared/commands.js";
import { UnfinishedCalls } from "../gadget/shared/unfinished-calls.js";
import { FakeApi, FakeStorage, contact } from "./fakes.mjs";

export const LATER = "2026-01-01T10:00:05.000Z";
export const matches = (...ids) => ids.map((id) => ({ how: "exact", contact: contact(id) }));
export const lookup = (found) => ({
  number: { given: "+1", kind: "public", e164: "+1", display: "+1 (display)", country: "US" },
  matches: found,
  sources: { local: "ok" },
  interactions: [],
  selection: found.length === 1 ? { rule: "only-match", chosen_by: "", chosen_at: "" } : null,
});

/** Return a model with a fake service, its commands and the changes that it announces. */
export function create(
  found = matches("a"),
  clock = undefined,
  session = new FakeStorage(),
  now = undefined,
) {
  const api = new FakeApi();
  api.answer = { ...api.answer, lookup: lookup(found) };
  api.command = async () => ({ request_id: "r1" });
  const model = new CallsModel({
    api,
    agentId: "1001",
    tab: "a",
    storage: new FakeStorage(),
    drafts: new NotesDrafts(session, "1001", "a"),
    unfinished: new UnfinishedCalls(session, "1001"),
    now,
  });
  const changes = [];
  const unsubscribe = model.subscribe(({ type, state }) => changes.push(`${type} ${state.id}`));
  const commands = new Commands({ api, agentId: "1001" });
  const actions = new CallActions(model, commands, clock);
  return { api, model, changes, unsubscribe, commands, actions };
}
export const own = (text) => [{ agent: "1001", name: "", text, wrap_up_reasons: [] }];

/** Close a model's calls, so that no timer keeps node running. */
export const closeAll = (model) => [...model.calls.keys()].forEach((id) => model.close(id));
