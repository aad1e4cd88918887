// The desktop page: sign in, what an agent needs around their gadgets, and the sandbox panel that plays the rest of the world.

import { Container } from "./container.js";
import { Session, published, toObject } from "./session.js";
import { Workflows } from "./workflows.js";

/** @param {string} selector @returns {any} */
const $ = (selector) => document.querySelector(selector);
const signIn = $("#sign-in");
/** @type {Session | null} */
let session = null;
/** @type {Container | null} */
let container = null;
/** @type {Workflows | null} */
let workflows = null;
/** @type {any} */
let user = null;

signIn.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const { id, password, extension, language } = Object.fromEntries(new FormData(signIn));
  enter(new Session(String(id), String(password)), String(extension), String(language)).catch(
    refused,
  );
});
signIn.elements.id.addEventListener(
  "change",
  () => (signIn.elements.extension.value ||= signIn.elements.id.value),
);

/** @param {Error} error */
function refused(error) {
  session?.stop();
  container?.close();
  sessionStorage.clear();
  signIn.hidden = false;
  $("#desktop").hidden = true;
  signIn.querySelector(".error").textContent = error.message;
}

/** @param {Session} entering @param {string} extension @param {string} language */
async function enter(entering, extension, language) {
  session = entering;
  const told = await (await session.fetch("/desktop/session")).json();
  session.other = told.other;
  session.move = () => {
    sessionStorage.clear();
    location.href = `${told.other.origin}/desktop#${new URLSearchParams({ ticket: told.other.ticket, extension, language })}`;
  };
  const { currentTimestamp } = toObject(await xml("/finesse/api/SystemInfo"));
  const drift = Date.now() - Date.parse(currentTimestamp);
  const [lang, country] = language.split("-");
  // The keys under which the vendor's library looks.
  sessionStorage.setItem("userFinesseAuth", session.authorization);
  sessionStorage.setItem("standin", JSON.stringify({ id: session.id, extension, language }));
  const { protocol, hostname, port, origin } = location;
  container = new Container(
    {
      id: session.id,
      host: hostname,
      restHost: hostname,
      hostPort: port,
      localhostPort: port,
      localhostFQDN: hostname,
      scheme: protocol.replace(":", ""),
      externalServerHost: origin,
      extension,
      teamId: told.team.id,
      teamName: told.team.name,
      language: lang,
      country,
      locale: `${lang}_${country}`,
      xmppDomain: told.xmppDomain,
      pubsubDomain: `pubsub.${told.xmppDomain}`,
      clientDriftInMillis: String(drift),
      mobileAgentMode: "",
      mobileAgentDialNumber: "",
      compatibilityMode: "false",
    },
    { lang, country },
    (node, wanted) => entering.subscribe(node, wanted),
    told.hub,
  );
  workflows = new Workflows(container.hub);
  // Notifications first, then sign-in: its outcome is one.
  /** @type {(user: any) => void} */
  let confirm = () => {};
  /** @type {(error: Error) => void} */
  let fail = () => {};
  const outcome = new Promise((resolve, reject) => {
    [confirm, fail] = [resolve, reject];
    setTimeout(() => reject(new Error("Finesse did not confirm the sign-in; try again.")), 8000);
  });
  outcome.catch(() => {}); // awaited below only by who signs in anew
  await session.listen((notification) => heard(notification, confirm, fail), connectionChanged);
  if ((await readUser()).state === "LOGOUT") {
    await session.putUser({ state: "LOGIN", extension });
    await outcome;
  }
  const reasons = await readReasons();
  workflows.read(await xml(`/finesse/api/User/${session.id}/Workflows`));
  user = await readUser();
  showUser(told, reasons);
  signIn.hidden = true;
  $("#desktop").hidden = false;
  $("#nodes").hidden = !told.other;
  $("#node").textContent = told.node;
  container.fill(told.layout, $("#tabs"), $("#panels"));
  showCallers(told.callers);
}

/** @returns {Promise<any>} */
async function readUser() {
  return toObject(await xml(`/finesse/api/User/${session?.id}`));
}

async function readReasons() {
  const root = await xml(`/finesse/api/User/${session?.id}/ReasonCodes?category=NOT_READY`);
  return [...root.children].map(toObject);
}

/** @param {string} path */
async function xml(path) {
  const response = await /** @type {Session} */ (session).fetch(path);
  return new DOMParser().parseFromString(await response.text(), "text/xml").documentElement;
}

/**
 * @param {import("./session.js").Notification} notification
 * @param {(user: any) => void} confirmed @param {(error: Error) => void} failed
 */
function heard(notification, confirmed, failed) {
  const { topic, data } = published(notification);
  const { user: changed, apiErrors } = data.object.Update.data ?? {};
  if (changed?.loginId === session?.id) {
    heardUser(changed);
    if (changed.state !== "LOGOUT") confirmed(changed);
  }
  if (apiErrors)
    failed(new Error(`${apiErrors.apiError.errorType}: ${apiErrors.apiError.errorMessage}`));
  container?.hub.publish(topic, data);
  const { dialog, dialogs, Dialog } = data.object.Update.data ?? {};
  const call = dialog ?? Dialog ?? dialogs?.Dialog;
  if (call) workflows?.follow(call, data.object.Update.event, String(user?.extension ?? ""));
  if (topic.endsWith(".Dialogs")) void showCalls();
}

/** @param {any} now */
function heardUser(now) {
  user = now;
  const choice = $("#state");
  const value =
    now.state === "NOT_READY" && Number(now.reasonCodeId) > 0
      ? `NOT_READY ${now.reasonCodeId}`
      : now.state;
  if (![...choice.options].some((option) => option.value === value))
    choice.add(new Option(value.replace("_", " ").toLowerCase(), value));
  choice.value = value;
  if (now.state === "LOGOUT" && !$("#desktop").hidden) leave();
}

/** @param {string} status */
function connectionChanged(status) {
  $("#connection").textContent = status === "failing" ? "Connection to Finesse lost" : "";
  container?.setStatus(status);
  if (status === "recovered") void readUser().then(heardUser).then(showCalls);
}

/** @param {any} told @param {any[]} reasons */
function showUser(told, reasons) {
  $("#who").textContent = told.name || told.id;
  $("#extension").textContent = user.extension ?? "";
  const options = [
    new Option("Ready", "READY"),
    ...reasons.map((r) => new Option(`Not ready: ${r.label}`, `NOT_READY ${r.id}`)),
  ];
  $("#state").replaceChildren(...options);
  heardUser(user);
}

$("#state").addEventListener("change", (/** @type {any} */ event) => {
  const [state, reason] = event.target.value.split(" ");
  session
    ?.putUser({ state, ...(reason ? { reasonCodeId: reason } : {}) })
    .catch(complain)
    .then(() => heardUser(user));
});

$("#sign-out").addEventListener("click", async () => {
  try {
    if (user?.state === "READY") await session?.putUser({ state: "NOT_READY", reasonCodeId: "1" });
    const root = await xml(`/finesse/api/User/${session?.id}/ReasonCodes?category=LOGOUT`);
    await session?.putUser({ state: "LOGOUT", reasonCodeId: toObject(root.children[0]).id });
  } catch (error) {
    complain(/** @type {Error} */ (error));
  }
});

function leave() {
  session?.stop();
  container?.close();
  sessionStorage.clear();
  location.reload();
}

// ---- the sandbox panel

/** @param {{label: string, number: string, queue: string, variables: Record<string, string>}[]} callers */
function showCallers(callers) {
  const ring = $("#ring");
  const choice = ring.elements.caller;
  choice.replaceChildren(...callers.map(({ label }, place) => new Option(label, String(place))));
  const chosen = () => callers[Number(choice.value)];
  choice.onchange = () => (ring.elements.number.value = chosen().number);
  choice.onchange();
  ring.onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const { queue, variables, number } = chosen();
    const from = ring.elements.number.value;
    void post("calls", {
      from,
      to: user.extension,
      queue,
      variables: from === number ? variables : {},
    });
  };
  void showCalls();
}

for (const button of document.querySelectorAll("[data-events]")) {
  const down = /** @type {HTMLElement} */ (button).dataset.events === "down";
  button.addEventListener(
    "click",
    () => void post("faults", { kind: "events", times: down ? 1 : 0 }),
  );
}

$("#take-down").addEventListener(
  "click",
  () => void post("faults", { kind: "node", node: $("#node").textContent }),
);
$("#bring-up").addEventListener("click", async () => {
  for (const node of ["A", "B"]) await post("faults", { kind: "node", node, times: 0 });
});

async function showCalls() {
  const calls = await (await fetch("/sandbox/calls")).json();
  const mine = calls.filter((/** @type {any} */ call) =>
    call.participants.some((/** @type {any} */ p) => p.address === user?.extension),
  );
  $("#calls").replaceChildren(
    ...mine.map((/** @type {any} */ call) => {
      const row = document.createElement("div");
      row.className = "call";
      const label = document.createElement("span");
      const outside = call.from === user.extension ? call.to : call.from;
      label.textContent = `${outside} (${call.state.toLowerCase()})`;
      const actions =
        call.from === user.extension && call.state === "ALERTING" ? ["answer", "drop"] : ["drop"];
      row.append(
        label,
        ...actions.map((action) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = action === "drop" ? "They hang up" : "They answer";
          button.addEventListener("click", () => void post(`calls/${call.id}/${action}`, {}));
          return button;
        }),
      );
      return row;
    }),
  );
}

/** @param {string} path @param {object} body */
async function post(path, body) {
  const response = await fetch(`/sandbox/${path}`, { method: "POST", body: JSON.stringify(body) });
  complain(response.ok ? null : new Error((await response.json()).error));
}

/** @param {Error | null} error */
function complain(error) {
  $("#sandbox .error").textContent = error?.message ?? "";
}

// ---- begin: a reload keeps the session, as a real desktop does

const kept = JSON.parse(sessionStorage.getItem("standin") ?? "null");
const authorization = sessionStorage.getItem("userFinesseAuth");
const arriving = new URLSearchParams(location.hash.slice(1));
if (arriving.get("ticket")) arrive(arriving).catch(refused);
else if (kept && authorization)
  enter(Session.restored(kept.id, authorization), kept.extension, kept.language).catch(refused);
else signIn.hidden = false;

/** From the other node, which was lost. @param {URLSearchParams} told */
async function arrive(told) {
  history.replaceState(null, "", "/desktop");
  const response = await fetch("/desktop/ticket", {
    method: "POST",
    body: JSON.stringify({ ticket: told.get("ticket") }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  await enter(
    Session.restored(answer.id, answer.authorization),
    told.get("extension") ?? "",
    told.get("language") ?? "en-US",
  );
}
