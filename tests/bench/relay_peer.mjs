// The relay as a Node developer would write it: fastify, undici and fast-xml-parser. Reads an agent's
// calls from Finesse and sends call actions to it. It does the same work as the service: verifies a
// credential with Finesse once a minute, writes a line about each request, limits what Finesse sends.
// `node relay_peer.mjs PORT FINESSE_URL`

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import fastify from "fastify";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { Pool } from "undici";

const [port, finesse] = process.argv.slice(2);
const ACTIONS = { answer: "ANSWER", hold: "HOLD", retrieve: "RETRIEVE", drop: "DROP" };
const DEADLINE_MS = 4000;
const CACHE_MS = 60_000;
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

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
const app = fastify({
  bodyLimit: 65536,
  disableRequestLogging: true,
  logger: true,
});
const key = randomBytes(32);
/** The agents whose credential Finesse has accepted, by its keyed hash. */
const verified = new Map();

app.addHook("onResponse", (request, reply, done) => {
  const { method, routeOptions } = request;
  const ms = reply.elapsedTime.toFixed(1);
  request.log.info(
    `${method} ${routeOptions.url} ${reply.statusCode} ${ms} ms ${request.agent ?? "-"}`,
  );
  done();
});
app.addHook("onSend", (request, reply, payload, done) => {
  reply.headers({
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  done();
});

/** Return the agent and the credential. */
async function authenticate(request) {
  const authorization = request.headers.authorization ?? "";
  const [scheme, value = ""] = authorization.split(" ");
  const [id] = Buffer.from(value, "base64").toString().split(":");
  if (scheme !== "Basic" || !id)
    throw Object.assign(new Error("no credentials"), { statusCode: 401 });
  const fingerprint = createHmac("sha256", key).update(authorization).digest("base64");
  let agent = verified.get(fingerprint);
  if (!agent || agent.until < Date.now()) {
    const { text } = await send(
      "GET",
      `/finesse/api/User/${encodeURIComponent(id)}`,
      authorization,
    );
    const { extension } = parser.parse(text).User;
    agent = { id, extension, until: Date.now() + CACHE_MS };
    verified.set(fingerprint, agent);
  }
  request.agent = id;
  return { ...agent, authorization };
}

async function send(method, path, authorization, body) {
  const headers = { authorization, accept: "application/xml" };
  if (body) headers["content-type"] = "application/xml";
  if (method !== "GET") headers.requestId = randomUUID();
  const response = await pool.request({ method, path, headers, body });
  let text = "";
  for await (const chunk of response.body.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_RESPONSE_BYTES) throw new Error("the response is too large");
  }
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
    number: isOutgoing
      ? dialog.mediaProperties?.dialedNumber || dialog.toAddress
      : dialog.fromAddress,
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
  const { id, extension, authorization } = await authenticate(request);
  const path = `/finesse/api/User/${encodeURIComponent(id)}/Dialogs`;
  const { text } = await send("GET", path, authorization);
  const dialogs = parser.parse(text).Dialogs?.Dialog ?? [];
  return { calls: dialogs.map((dialog) => readCall(dialog, extension)) };
});

app.post("/api/v1/calls/:id/:action", async (request, reply) => {
  const { extension, authorization } = await authenticate(request);
  const { id, action } = request.params;
  const requestedAction = ACTIONS[action];
  if (!requestedAction) throw Object.assign(new Error("no such action"), { statusCode: 422 });
  const body = builder.build({ Dialog: { targetMediaAddress: extension, requestedAction } });
  const path = `/finesse/api/Dialog/${encodeURIComponent(id)}`;
  const { requestId } = await send("PUT", path, authorization, body);
  reply.code(202);
  return { request_id: requestId, outcome: "pending" };
});

app.get("/healthz", async () => ({ status: "ok" }));

await app.listen({ port: Number(port), host: "127.0.0.1" });
