// The relay as a Node developer would write it: fastify, undici and fast-xml-parser. Reads an agent's
// calls from Finesse and sends call actions to it. `node relay_peer.mjs PORT FINESSE_URL`

import { randomUUID } from "node:crypto";
import fastify from "fastify";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { Pool } from "undici";

const [port, finesse] = process.argv.slice(2);
const ACTIONS = { answer: "ANSWER", hold: "HOLD", retrieve: "RETRIEVE", drop: "DROP" };
const DEADLINE_MS = 4000;

const pool = new Pool(finesse, {
  connections: 256,
  headersTimeout: DEADLINE_MS,
  bodyTimeout: DEADLINE_MS,
});
const parser = new XMLParser({
  parseTagValue: false,
  isArray: (name) => ["Dialog", "Participant", "action", "CallVariable"].includes(name),
});
const builder = new XMLBuilder();
const app = fastify({ bodyLimit: 65536 });

/** Return the agent's id and credential. */
function authenticate(request) {
  const authorization = request.headers.authorization ?? "";
  const [scheme, value = ""] = authorization.split(" ");
  const [id] = Buffer.from(value, "base64").toString().split(":");
  if (scheme !== "Basic" || !id) throw Object.assign(new Error("no credentials"), { statusCode: 401 });
  return { id, authorization };
}

async function send(method, path, authorization, body) {
  const headers = { authorization, accept: "application/xml" };
  if (body) headers["content-type"] = "application/xml";
  if (method !== "GET") headers.requestId = randomUUID();
  const response = await pool.request({ method, path, headers, body });
  const text = await response.body.text();
  if (response.statusCode >= 300)
    throw Object.assign(new Error(text.slice(0, 200)), { statusCode: 502 });
  return { text, requestId: headers.requestId };
}

function readCall(dialog, extension) {
  const participants = dialog.participants?.Participant ?? [];
  const own = participants.find(({ mediaAddress }) => mediaAddress === extension);
  const isOutgoing = dialog.fromAddress === extension;
  const variables = dialog.mediaProperties?.callvariables?.CallVariable ?? [];
  return {
    id: dialog.id,
    state: dialog.state,
    direction: isOutgoing ? "out" : "in",
    number: isOutgoing ? dialog.mediaProperties?.dialedNumber || dialog.toAddress : dialog.fromAddress,
    from_address: dialog.fromAddress,
    to_address: dialog.toAddress,
    type: dialog.mediaProperties?.callType,
    queue: dialog.mediaProperties?.queueName ?? "",
    actions: Object.keys(ACTIONS).filter((each) => own?.actions?.action?.includes(ACTIONS[each])),
    participants: participants.map(({ mediaAddress, state, stateChangeTime, startTime }) => ({
      address: mediaAddress,
      state,
      state_since: stateChangeTime || startTime,
    })),
    variables: variables.filter(({ value }) => value).map(({ name, value }) => ({ name, value })),
  };
}

app.get("/api/v1/calls", async (request) => {
  const { id, authorization } = authenticate(request);
  const path = `/finesse/api/User/${encodeURIComponent(id)}/Dialogs`;
  const { text } = await send("GET", path, authorization);
  const dialogs = parser.parse(text).Dialogs?.Dialog ?? [];
  return { calls: dialogs.map((dialog) => readCall(dialog, id)) };
});

app.post("/api/v1/calls/:id/:action", async (request, reply) => {
  const { id: agent, authorization } = authenticate(request);
  const { id, action } = request.params;
  const requestedAction = ACTIONS[action];
  if (!requestedAction) throw Object.assign(new Error("no such action"), { statusCode: 422 });
  const body = builder.build({ Dialog: { targetMediaAddress: agent, requestedAction } });
  const path = `/finesse/api/Dialog/${encodeURIComponent(id)}`;
  const { requestId } = await send("PUT", path, authorization, body);
  reply.code(202);
  return { request_id: requestId, outcome: "pending" };
});

app.get("/healthz", async () => ({ status: "ok" }));

await app.listen({ port: Number(port), host: "127.0.0.1" });
