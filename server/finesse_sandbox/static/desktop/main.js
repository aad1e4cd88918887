// The desktop page: sign-in, the header with the agent's state, and the gadgets of the layout.

import { Container } from "./container.js";
import { $ } from "./dom.js";
import { SandboxPanel, showError } from "./sandbox-panel.js";
import { Session, toHubMessage } from "./session.js";
import { Workflows } from "./workflows.js";
import { parseXml, toObject } from "./xml.js";

const SIGN_IN_TIMEOUT_MS = 8000;
/** Where the page keeps the session over a reload, as a real desktop does. */
const SESSION_KEY = "finesseSandbox";
/** Where the vendor's library looks for the credentials. */
const AUTHORIZATION_KEY = "userFinesseAuth";

const signInForm = $("#sign-in");
/** @type {Session | null} */
let session = null;
/** @type {Container | null} */
let container = null;
/** @type {Workflows | null} */
let workflows = null;
/** @type {any} */
let user = null;
const sandboxPanel = new SandboxPanel(() => String(user?.extension ?? ""));

// ---- sign-in and sign-out

signInForm.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const { id, password, extension, language } = Object.fromEntries(new FormData(signInForm));
  const started = new Session(String(id), String(password));
  start(started, String(extension), String(language)).catch(showSignIn);
});
signInForm.elements.id.addEventListener("change", () => {
  signInForm.elements.extension.value ||= signInForm.elements.id.value;
});

/** @param {Error} error */
function showSignIn(error) {
  closeSession();
  signInForm.hidden = false;
  $("#desktop").hidden = true;
  signInForm.querySelector(".error").textContent = error.message;
}

function closeSession() {
  session?.stop();
  container?.close();
  sessionStorage.clear();
}

/** Sign in, unless the agent is signed in already, and show the desktop.
 * @param {Session} started @param {string} extension @param {string} language */
async function start(started, extension, language) {
  session = started;
  const desktop = await (await session.fetch("/desktop/session")).json();
  session.otherNode = desktop.other_node;
  session.moveToOtherNode = () => moveTo(desktop.other_node, extension, language);
  sessionStorage.setItem(AUTHORIZATION_KEY, session.authorization);
  sessionStorage.setItem(SESSION_KEY, JSON.stringify({ id: session.id, extension, language }));
  container = await createContainer(session, desktop, extension, language);
  workflows = new Workflows(container.hub);
  await signIn(session, extension);
  const notReadyReasons = await readReasonCodes("NOT_READY");
  workflows.read(await readXml(`/finesse/api/User/${session.id}/Workflows`));
  user = await readUser();
  showHeader(desktop, notReadyReasons);
  signInForm.hidden = true;
  $("#desktop").hidden = false;
  $("#nodes").hidden = !desktop.other_node;
  $("#node").textContent = desktop.node;
  container.fill(desktop.layout, $("#tabs"), $("#panels"));
  sandboxPanel.showCallers(desktop.callers);
}

/** @param {Session} session @param {any} desktop @param {string} extension
 * @param {string} language */
async function createContainer(session, desktop, extension, language) {
  const { currentTimestamp } = toObject(await readXml("/finesse/api/SystemInfo"));
  const clientDrift = Date.now() - Date.parse(currentTimestamp);
  const [lang, country] = language.split("-");
  const { protocol, port, origin } = location;
  // The proxy asks there for the gadgets: only browsers know the names below localhost.
  const hostname = location.hostname.replace(/^.*\.localhost$/, "localhost");
  const prefs = {
    id: session.id,
    host: hostname,
    restHost: hostname,
    hostPort: port,
    localhostPort: port,
    localhostFQDN: hostname,
    scheme: protocol.replace(":", ""),
    externalServerHost: origin,
    extension,
    teamId: desktop.team.id,
    teamName: desktop.team.name,
    language: lang,
    country,
    locale: `${lang}_${country}`,
    xmppDomain: desktop.xmppDomain,
    pubsubDomain: `pubsub.${desktop.xmppDomain}`,
    clientDriftInMillis: String(clientDrift),
    mobileAgentMode: "",
    mobileAgentDialNumber: "",
    compatibilityMode: "false",
  };
  return new Container(
    prefs,
    { lang, country },
    (node, subscribe) => session.setNodeSubscription(node, subscribe),
    desktop.hub,
  );
}

/** Listen to notifications, then sign in: the outcome arrives as one.
 * @param {Session} session @param {string} extension */
async function signIn(session, extension) {
  /** @type {() => void} */
  let confirm = () => {};
  /** @type {(error: Error) => void} */
  let fail = () => {};
  /** @type {Promise<void>} */
  const outcome = new Promise((resolve, reject) => {
    confirm = resolve;
    fail = reject;
    const timeout = new Error("Finesse did not confirm the sign-in. Try again.");
    setTimeout(() => reject(timeout), SIGN_IN_TIMEOUT_MS);
  });
  outcome.catch(() => {}); // an agent who is signed in already does not wait for it
  await session.listen(
    (notification) => onNotification(notification, confirm, fail),
    onConnectionStatus,
  );
  if ((await readUser()).state !== "LOGOUT") return;
  await session.putUser({ state: "LOGIN", extension });
  await outcome;
}

$("#sign-out").addEventListener("click", async () => {
  try {
    if (user?.state === "READY") await putState("NOT_READY");
    await putState("LOGOUT");
  } catch (error) {
    showError(/** @type {Error} */ (error).message);
  }
});

/** Change the state with its first reason, if any are configured. @param {string} state */
async function putState(state) {
  const [reason] = await readReasonCodes(state);
  await session?.putUser(reason ? { state, reasonCodeId: reason.id } : { state });
}

// ---- failover

/** @param {{origin: string, ticket: string}} node @param {string} extension
 * @param {string} language */
function moveTo({ origin, ticket }, extension, language) {
  sessionStorage.clear();
  location.href = `${origin}/desktop#${new URLSearchParams({ ticket, extension, language })}`;
}

/** Continue here the session of the other node, which was lost. @param {URLSearchParams} params */
async function continueSession(params) {
  history.replaceState(null, "", "/desktop");
  const response = await fetch("/desktop/ticket", {
    method: "POST",
    body: JSON.stringify({ ticket: params.get("ticket") }),
  });
  const content = await response.json();
  if (!response.ok) throw new Error(content.error);
  await start(
    Session.restore(content.id, content.authorization),
    params.get("extension") ?? "",
    params.get("language") ?? "en-US",
  );
}

// ---- Finesse's data

/** @param {string} path */
async function readXml(path) {
  const response = await /** @type {Session} */ (session).fetch(path);
  return parseXml(await response.text());
}

async function readUser() {
  return toObject(await readXml(`/finesse/api/User/${session?.id}`));
}

/** @param {string} category @returns {Promise<any[]>} */
async function readReasonCodes(category) {
  const path = `/finesse/api/User/${session?.id}/ReasonCodes?category=${category}`;
  return [...(await readXml(path)).children].map(toObject);
}

/**
 * @param {import("./session.js").Notification} notification
 * @param {() => void} confirmSignIn @param {(error: Error) => void} failSignIn
 */
function onNotification(notification, confirmSignIn, failSignIn) {
  const { topic, data } = toHubMessage(notification);
  const update = data.object.Update;
  const content = update.data ?? {};
  if (content.user?.loginId === session?.id) {
    onUser(content.user);
    if (content.user.state !== "LOGOUT") confirmSignIn();
  }
  const apiError = content.apiErrors?.apiError;
  if (apiError) failSignIn(new Error(`${apiError.errorType}: ${apiError.errorMessage}`));
  container?.hub.publish(topic, data);
  const dialog = content.dialog ?? content.Dialog ?? content.dialogs?.Dialog;
  if (dialog) workflows?.onDialogEvent(dialog, update.event, String(user?.extension ?? ""));
  if (topic.endsWith(".Dialogs")) void sandboxPanel.showCalls();
}

/** @param {string} status */
async function onConnectionStatus(status) {
  $("#connection").textContent = status === "failing" ? "Connection to Finesse lost" : "";
  container?.setStatus(status);
  if (status !== "recovered") return;
  onUser(await readUser());
  await sandboxPanel.showCalls();
}

// ---- the header

/** @param {any} desktop @param {any[]} notReadyReasons */
function showHeader(desktop, notReadyReasons) {
  $("#user-name").textContent = desktop.name || desktop.id;
  $("#extension").textContent = user.extension ?? "";
  const notReady = notReadyReasons.map(
    (reason) => new Option(`Not ready: ${reason.label}`, `NOT_READY ${reason.id}`),
  );
  if (!notReady.length) notReady.push(new Option("Not ready", "NOT_READY"));
  $("#state").replaceChildren(new Option("Ready", "READY"), ...notReady);
  onUser(user);
}

/** @param {any} changed */
function onUser(changed) {
  user = changed;
  const hasReason = user.state === "NOT_READY" && Number(user.reasonCodeId) > 0;
  const value = hasReason ? `NOT_READY ${user.reasonCodeId}` : user.state;
  const menu = $("#state");
  // States that an agent cannot choose, such as TALKING, become options while they last.
  const isKnown = [...menu.options].some((option) => option.value === value);
  if (!isKnown) menu.add(new Option(value.replace("_", " ").toLowerCase(), value));
  menu.value = value;
  if (user.state === "LOGOUT" && !$("#desktop").hidden) {
    closeSession();
    location.reload();
  }
}

$("#state").addEventListener("change", async (/** @type {any} */ event) => {
  const [state, reasonCodeId] = event.target.value.split(" ");
  try {
    await session?.putUser(reasonCodeId ? { state, reasonCodeId } : { state });
  } catch (error) {
    showError(/** @type {Error} */ (error).message);
  }
  onUser(user);
});

// ---- start of the page

const stored = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? "null");
const authorization = sessionStorage.getItem(AUTHORIZATION_KEY);
const params = new URLSearchParams(location.hash.slice(1));
if (params.get("ticket")) {
  continueSession(params).catch(showSignIn);
} else if (stored && authorization) {
  const restored = Session.restore(stored.id, authorization);
  start(restored, stored.extension, stored.language).catch(showSignIn);
} else if (params.get("agent")) {
  // As the console opens it: every user of the sandbox has this password at first.
  const id = params.get("agent") ?? "";
  const language = params.get("language") ?? "en-US";
  start(new Session(id, "callcard"), params.get("extension") ?? id, language).catch(showSignIn);
} else {
  signInForm.hidden = false;
}
