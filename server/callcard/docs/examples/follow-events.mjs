// Print what happens in the contact centre, without gaps. Usage: node follow-events.mjs URL API-KEY
const [, , url, key] = process.argv;
let last = ""; // keep it in a file to go on after a restart of this program

async function follow() {
  const response = await fetch(`${url}/api/v1/events`, {
    headers: {
      Accept: "text/event-stream",
      Authorization: `Bearer ${key}`,
      "Last-Event-ID": last,
    },
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const messages = (text + chunk).split("\n\n");
    text = messages.pop();
    for (const message of messages) {
      const fields = Object.fromEntries(message.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields.data) console.log(fields.event, JSON.stringify(JSON.parse(fields.data).data));
      last = fields.id ?? last;
    }
  }
}

for (;;) {
  await follow().catch((error) => console.error(error.message));
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
