// The console: two agents and a supervisor side by side, the events and requests as they happen, and
// every fault. It reads the control API once a second.

import { $ } from "./desktop/dom.js";

/** @typedef {{id: number, time: number, node: string, fault: string, update: string}} SentEvent */
/** @typedef {{time: number, method: string, path: string, user: string, status: number}} LoggedRequest */

const READ_MS = 1000;
const SHOWN = 200;
/** Who is shown at first, and under which host: each needs storage of its own. */
const USERS = [
  { id: "1001", host: "a" },
  { id: "1002", host: "b" },
  { id: "2001", host: "supervisor" },
];

/** @type {SentEvent[]} */
let events = [];
/** @type {LoggedRequest[]} */
let requests = [];

/** @param {string} method @param {string} path @param {object} [body] */
async function send(method, path, body) {
  const options = body ? { method, body: JSON.stringify(body) } : { method };
  const response = await fetch(`/sandbox/${path}`, options);
  const content = await response.json();
  if (!response.ok) throw new Error(`${content.error}${content.about ? `: ${content.about}` : ""}`);
  return content;
}

// ---- desktops

/** Names below localhost lead to this machine in Chrome, Edge and Firefox. */
function showDesktops() {
  const { protocol, hostname, port } = location;
  const isLocal = hostname === "sandbox.localhost";
  $("#desktops").replaceChildren(
    ...USERS.map(({ id, host }) => {
      const page = `desktop#${new URLSearchParams({ agent: id })}`;
      if (!isLocal) {
        const link = document.createElement("a");
        Object.assign(link, { href: `/${page}`, target: "_blank", rel: "noopener" });
        link.textContent = `Open the desktop of ${id}`;
        return link;
      }
      const frame = document.createElement("iframe");
      Object.assign(frame, { title: `Desktop of ${id}` });
      frame.src = `${protocol}//${host}.${hostname}:${port}/${page}`;
      return frame;
    }),
  );
}

// ---- what happened

/** @param {number} seconds */
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 23);

/** Show XML with one element a line. @param {string} xml */
function indent(xml) {
  let depth = 0;
  return xml
    .replace(/></g, ">\n<")
    .split("\n")
    .map((line) => {
      if (line.startsWith("</")) depth -= 1;
      const indented = "  ".repeat(Math.max(0, depth)) + line;
      if (/^<[^/?!][^>]*[^/]>$/.test(line) || /^<[^/?!]>$/.test(line)) depth += 1;
      return indented;
    })
    .join("\n");
}

/** @param {SentEvent} event */
function eventText({ time, node, update, fault }) {
  const kind = /<event>(\w+)<\/event>/.exec(update)?.[1] ?? "";
  const states = [...update.matchAll(/<state>(\w+)<\/state>/g)].map(([, state]) => state);
  return [clock(time), kind, node, [...new Set(states)].join(" "), fault]
    .filter(Boolean)
    .join("  ");
}

/** @param {SentEvent} event */
function eventRow(event) {
  const row = document.createElement("li");
  row.dataset.id = String(event.id);
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = eventText(event);
  summary.className = event.fault && "fault";
  const content = document.createElement("pre");
  details.append(summary, content);
  details.addEventListener("toggle", () => {
    content.textContent = indent(event.update);
  });
  row.append(details);
  return row;
}

/** Add the new ones at the top; what somebody has opened stays open. */
function showEvents() {
  const wanted = $("#event-filter").value.toLowerCase();
  const list = $("#events");
  const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const shown = events
    .filter((event) => `${eventText(event)} ${event.update}`.toLowerCase().includes(wanted))
    .slice(-SHOWN)
    .reverse()
    .map((event) => known.get(String(event.id)) ?? eventRow(event));
  if (shown.length !== list.children.length || shown.some((row, at) => row !== list.children[at]))
    list.replaceChildren(...shown);
}

function showRequests() {
  const wanted = $("#request-filter").value.toLowerCase();
  const rows = requests
    .map((each) => ({
      text: `${clock(each.time)}  ${each.status}  ${each.method}  ${each.path}  ${each.user}`,
      isFailed: each.status >= 400,
    }))
    .filter(({ text }) => text.toLowerCase().includes(wanted))
    .slice(-SHOWN)
    .reverse()
    .map(({ text, isFailed }) => {
      const row = document.createElement("li");
      row.textContent = text;
      row.className = isFailed ? "failed" : "";
      return row;
    });
  $("#requests").replaceChildren(...rows);
}

// ---- faults

/** @param {any} status */
function showFaults(status) {
  const menu = $("#fault").elements.kind;
  if (!menu.options.length)
    menu.replaceChildren(...status.kinds.map((/** @type {string} */ kind) => new Option(kind)));
  const texts = [
    ...status.armed.map(
      (/** @type {any} */ { kind, times, method, path, seconds }) =>
        `${kind}, ${times} more: ${method || "any"} ${path}${seconds ? `, ${seconds} s` : ""}`,
    ),
    ...status.events_armed.map((/** @type {any} */ { kind, path }) => `${kind}: ${path || "any"}`),
    ...(status.busy ? [`busy: the next ${status.busy} calls`] : []),
    ...(status.events_down ? ["events: the notification services are down"] : []),
    ...Object.entries(status.nodes).flatMap(([name, { in_service, skew }]) => [
      ...(in_service ? [] : [`node: ${name} is out of service`]),
      ...(skew ? [`skew: node ${name} is ${skew} s ahead`] : []),
    ]),
  ];
  $("#armed").replaceChildren(
    ...(texts.length ? texts : ["No fault is armed."]).map((text) => {
      const row = document.createElement("li");
      row.textContent = text;
      row.className = texts.length ? "fault" : "";
      return row;
    }),
  );
}

$("#fault").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData($("#fault")));
  const { seconds, times, ...rest } = given;
  const numbers = seconds === "" ? {} : { seconds: Number(seconds) };
  run(async () =>
    showFaults(await send("POST", "faults", { ...rest, times: Number(times), ...numbers })),
  );
});
$("#disarm").addEventListener("click", () =>
  run(async () => showFaults(await send("DELETE", "faults"))),
);
$("#reset").addEventListener("click", () =>
  run(async () => {
    await send("POST", "reset");
    events = [];
    showDesktops();
  }),
);

// ---- reading

/** @param {() => Promise<void>} action */
function run(action) {
  action().then(
    () => showError(""),
    (error) => showError(error.message),
  );
}

/** @param {string} message */
function showError(message) {
  $("#inspector .error").textContent = message;
}

async function read() {
  if ($("#paused").checked) return;
  const after = events.at(-1)?.id ?? 0;
  const [newer, logged, faults] = await Promise.all([
    send("GET", `events?after=${after}`),
    send("GET", "requests"),
    send("GET", "faults"),
  ]);
  events = [...events, ...newer].slice(-5 * SHOWN);
  requests = logged;
  showEvents();
  showRequests();
  showFaults(faults);
}

$("#event-filter").addEventListener("input", showEvents);
$("#request-filter").addEventListener("input", showRequests);
showDesktops();
let isLost = false;
async function readAgain() {
  try {
    await read();
    if (isLost) showError(""); // but what an action was answered stays
    isLost = false;
  } catch (error) {
    isLost = true;
    showError(/** @type {Error} */ (error).message);
  }
}
void readAgain();
setInterval(() => void readAgain(), READ_MS);
