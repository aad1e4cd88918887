// The page to try the API: a form for each operation of /openapi.json, sent with the credentials of the form above.

const who = /** @type {HTMLFormElement} */ (document.querySelector("#who"));
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const described = await (await fetch("/openapi.json")).json();

export {}; // a module, as the page loads it

for (const [path, operations] of Object.entries(described.paths)) {
  for (const [method, operation] of Object.entries(operations))
    main.append(entry(path, method.toUpperCase(), operation));
}

/** @param {string} path @param {string} method @param {any} operation */
function entry(path, method, operation) {
  const details = document.createElement("details");
  const summary = details.appendChild(document.createElement("summary"));
  const verb = document.createElement("b");
  verb.textContent = method;
  const code = document.createElement("code");
  code.textContent = path;
  summary.append(verb, code, operation.summary);
  const form = details.appendChild(document.createElement("form"));
  for (const parameter of operation.parameters ?? []) {
    const label = form.appendChild(document.createElement("label"));
    label.append(parameter.name);
    label.title = parameter.description ?? "";
    const input = label.appendChild(document.createElement("input"));
    Object.assign(input, {
      name: parameter.name,
      required: parameter.required,
      placeholder: parameter.description ?? "",
    });
    input.dataset.in = parameter.in;
  }
  const schema = operation.requestBody?.content["application/json"].schema;
  if (schema) {
    const area = form.appendChild(document.createElement("textarea"));
    Object.assign(area, { name: "body", rows: 6, value: JSON.stringify(example(schema), null, 2) });
    area.setAttribute("aria-label", "Body");
  }
  const send = form.appendChild(document.createElement("button"));
  send.textContent = "Send";
  const answer = details.appendChild(document.createElement("pre"));
  answer.setAttribute("aria-live", "polite");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.textContent = "…";
    answer.textContent = await ask(path, method, form).catch(String);
  });
  return details;
}

/** @param {string} path @param {string} method @param {HTMLFormElement} form */
async function ask(path, method, form) {
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path")
      path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(input.name, input.value);
  }
  const { id, password } = Object.fromEntries(new FormData(who));
  const bytes = new TextEncoder().encode(`${id}:${password}`);
  const headers = {
    Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}`,
    "Content-Type": "application/json",
  };
  const body = form.querySelector("textarea")?.value;
  const response = await fetch(query.size ? `${path}?${query}` : path, { method, headers, body });
  const text = await response.text();
  const pretty = response.headers.get("content-type")?.includes("json")
    ? JSON.stringify(JSON.parse(text), null, 2)
    : text;
  return `${response.status} ${response.statusText}\n\n${pretty}`;
}

/** What could be sent: each property with its default. @param {any} schema @returns {any} */
function example(schema) {
  const whole = schema.$ref ? described.components.schemas[schema.$ref.split("/").pop()] : schema;
  return Object.fromEntries(
    Object.entries(whole.properties ?? {}).map(([name, property]) => [
      name,
      /** @type {any} */ (property).default ?? "",
    ]),
  );
}
