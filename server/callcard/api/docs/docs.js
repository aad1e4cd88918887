// The API page: a form for each operation of /openapi.json, sent with the credentials of the form
// at the top.

const credentialsForm = /** @type {HTMLFormElement} */ (document.querySelector("#credentials"));
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const openapi = await (await fetch("/openapi.json")).json();

export {}; // marks this file as a module, as the page loads it

for (const [path, operations] of Object.entries(openapi.paths)) {
  for (const [method, operation] of Object.entries(operations))
    main.append(createOperation(path, method.toUpperCase(), operation));
}

/** @param {string} path @param {string} method @param {any} operation */
function createOperation(path, method, operation) {
  const details = document.createElement("details");
  const form = createForm(operation);
  const response = document.createElement("pre");
  response.setAttribute("aria-live", "polite");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    response.textContent = "…";
    response.textContent = await send(path, method, form).catch(String);
  });
  details.append(createSummary(path, method, operation.summary), form, response);
  return details;
}

/** @param {string} path @param {string} method @param {string} text */
function createSummary(path, method, text) {
  const summary = document.createElement("summary");
  const methodLabel = document.createElement("b");
  methodLabel.textContent = method;
  const pathLabel = document.createElement("code");
  pathLabel.textContent = path;
  summary.append(methodLabel, pathLabel, text);
  return summary;
}

/** @param {any} operation */
function createForm(operation) {
  const form = document.createElement("form");
  for (const parameter of operation.parameters ?? []) form.append(createField(parameter));
  const schema = operation.requestBody?.content["application/json"].schema;
  if (schema) {
    const body = document.createElement("textarea");
    body.name = "body";
    body.rows = 6;
    body.value = JSON.stringify(exampleOf(schema), null, 2);
    body.setAttribute("aria-label", "Body");
    form.append(body);
  }
  const button = document.createElement("button");
  button.textContent = "Send";
  form.append(button);
  return form;
}

/** @param {any} parameter */
function createField(parameter) {
  const input = document.createElement("input");
  input.name = parameter.name;
  input.required = parameter.required;
  input.placeholder = parameter.description ?? "";
  input.dataset.in = parameter.in;
  const label = document.createElement("label");
  label.title = parameter.description ?? "";
  label.append(parameter.name, input);
  return label;
}

/** Send the request of a form; return status and body of the response as text.
 * @param {string} path @param {string} method @param {HTMLFormElement} form */
async function send(path, method, form) {
  let url = path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path")
      url = url.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(input.name, input.value);
  }
  if (query.size) url += `?${query}`;
  const { id, password } = Object.fromEntries(new FormData(credentialsForm));
  const credentials = new TextEncoder().encode(`${id}:${password}`);
  const headers = {
    Authorization: `Basic ${btoa(String.fromCharCode(...credentials))}`,
    "Content-Type": "application/json",
  };
  const body = form.querySelector("textarea")?.value;
  // With "omit" the browser does not open its own sign-in dialog when the service answers 401.
  const response = await fetch(url, { method, headers, body, credentials: "omit" });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const shown = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return `${response.status} ${response.statusText}\n\n${shown}`;
}

/** Return an example of a request's body: each property with its default.
 * @param {any} schema @returns {Record<string, any>} */
function exampleOf(schema) {
  const resolved = schema.$ref ? openapi.components.schemas[schema.$ref.split("/").pop()] : schema;
  /** @type {Record<string, any>} */
  const example = {};
  for (const [name, property] of Object.entries(resolved.properties ?? {}))
    example[name] = /** @type {any} */ (property).default ?? "";
  return example;
}
