// Walk the table of docs/functions.md as another web app's server would, and print the number of each
// row that worked. Usage: node walk_functions.mjs SERVICE SANDBOX

import assert from "node:assert/strict";

const [, , service, sandbox] = process.argv;
const CUSTOMER = "+1 212 555 0123";

/** Return a client of the API with a user's own Finesse credential. */
function api(user) {
  const authorization = `Basic ${Buffer.from(`${user}:callcard`).toString("base64")}`;
  return async (method, path, body) => {
    const response = await fetch(`${service}/api/v1${path}`, {
      method,
      headers: {
        Authorization: authorization,
        ...(body ? { "Content-Type": "application/json" } : {}),
      },
      body: body && JSON.stringify(body),
    });
    const content = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(content)}`);
    return content;
  };
}

/** Let a customer call an agent; return the call's id. */
async function ring(to) {
  const call = { from: CUSTOMER, to, queue: "Support" };
  const response = await fetch(`${sandbox}/sandbox/calls`, {
    method: "POST",
    body: JSON.stringify(call),
  });
  return (await response.json()).id;
}

const [ana, bilal, supervisor] = ["1001", "1002", "2001"].map(api);
const done = (row) => console.log(row);
const confirmed = ({ outcome }) => assert.equal(outcome, "confirmed");

// 7, 22: in, and to Ready
const session = await ana("POST", "/sessions", { extension: "1001", ready: true });
assert.deepEqual([session.extension, session.state], ["1001", "READY"]);
const second = await bilal("POST", "/sessions", { extension: "1002" });
await supervisor("POST", "/sessions", { extension: "2001" });
done(7);

// 9, 10
const { agents } = await ana("GET", "/roster");
assert.ok(agents.some(({ name }) => name === "Bilal Haddad"));
done(9);
const me = await ana("GET", "/me");
const reason = me.not_ready_reasons[0].id;
confirmed(await ana("PUT", "/me/state?wait=3", { state: "NOT_READY", reason }));
confirmed(await ana("PUT", "/me/state?wait=3", { state: "READY" }));
done(10);

// 15, 16
let call = await ring("1001");
confirmed(await ana("POST", `/calls/${call}/answer?wait=3`));
assert.deepEqual(
  (await ana("GET", "/calls")).calls.map(({ id }) => id),
  [call],
);
done(15);
confirmed(await ana("POST", `/calls/${call}/drop?wait=3`));
done(16);

// 14
confirmed(await ana("POST", "/calls?wait=3", { to: "212 555 0199" }));
const [outgoing] = (await ana("GET", "/calls")).calls;
await ana("POST", `/calls/${outgoing.id}/drop?wait=3`);
done(14);

// 13
await ana("PUT", "/me/state?wait=3", { state: "READY" });
call = await ring("1001");
await ana("POST", `/calls/${call}/answer?wait=3`);
await ana("POST", `/calls/${call}/transfer?wait=3`, { to: "1002" });
const [taken] = (await bilal("GET", "/calls")).calls;
await bilal("POST", `/calls/${taken.id}/answer?wait=3`);
done(13);

// 17, 18, 19
confirmed(await supervisor("POST", "/agents/1002/monitor?wait=3"));
done(17);
await supervisor("POST", "/agents/1002/coach", { text: "Offer the new contract." });
const [coaching] = (await bilal("GET", "/coaching")).messages;
await bilal("PUT", `/coaching/${coaching.id}`, { answer: "I will." });
const [answered] = (await supervisor("GET", "/agents/1002/coach")).messages;
assert.deepEqual([answered.text, answered.answer], ["Offer the new contract.", "I will."]);
done(18);
confirmed(await supervisor("POST", "/agents/1002/barge?wait=3"));
done(19);
for (const user of [supervisor, bilal])
  for (const { id } of (await user("GET", "/calls")).calls)
    await user("POST", `/calls/${id}/drop?wait=3`);

// 11, 12, 20, 21
for (const [list, row, supervisorRow] of [
  ["deny", 11, 20],
  ["allow", 12, 21],
]) {
  const entry = { number: CUSTOMER, reason: "asked for" };
  const proposed = await ana("POST", `/lists/${list}`, entry);
  assert.equal(proposed.state, "proposed");
  await ana("DELETE", `/lists/${list}/${proposed.id}`);
  const again = await ana("POST", `/lists/${list}`, entry);
  await supervisor("PUT", `/lists/${list}/${again.id}`, { state: "effective" });
  const { numbers } = await ana("GET", `/lists/${list}`);
  assert.deepEqual(
    numbers.map(({ state }) => state),
    ["effective"],
  );
  done(row);
  await supervisor("DELETE", `/lists/${list}/${encodeURIComponent(CUSTOMER)}`);
  assert.deepEqual((await ana("GET", `/lists/${list}`)).numbers, []);
  done(supervisorRow);
}

// 8, 22: and back
const signOut = `reason=${reason}&sign_out_reason=${me.sign_out_reasons[0].id}`;
assert.equal((await ana("DELETE", `/sessions/${session.id}?${signOut}`)).state, "LOGOUT");
done(8);
done(22);
await bilal("DELETE", `/sessions/${second.id}?${signOut}`);
