// The main path of an agent in Firefox, over WebDriver BiDi: sign in, ring, answer, notes, transfer,
// wrap-up. Prints the call's id. Usage: node firefox_main_path.mjs DESKTOP FIREFOX, by
// test_firefox.py.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const [site, executablePath] = process.argv.slice(2);
const globalModules = execFileSync("npm", ["root", "-g"], { encoding: "utf8" }).trim();
const puppeteer = createRequire(`${globalModules}/`)("puppeteer-core");

const TIMEOUT_MS = 20_000;
const CUSTOMER = "+491713900001";

const control = async (path, body) => {
  const response = await fetch(`${site}/sandbox/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
};

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  args: ["--width=1200", "--height=1000"],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  /** The requests to the service that are not answered yet. */
  const open = new Set();
  let sent = 0;
  page.on("request", (request) => {
    if (!request.url().includes("/gadgets/makeRequest")) return;
    sent += 1;
    open.add(request);
  });
  for (const event of ["requestfinished", "requestfailed"])
    page.on(event, (request) => open.delete(request));

  await page.goto(`${site}/desktop`);
  for (const [name, value] of [
    ["id", "1001"],
    ["password", "callcard"],
    ["extension", "1001"],
  ])
    await page.locator(`[name=${name}]`).fill(value);
  await page.locator("form button").click();
  const frameElement = await page.waitForSelector("iframe[id^=remote_iframe]");
  const gadget = await frameElement.contentFrame();

  /** Wait until an element of the card has this text. */
  const shows = (selector, text) =>
    gadget.waitForFunction(
      (wanted, part) =>
        [...document.querySelectorAll(wanted)].some(
          (each) => each.checkVisibility() && each.textContent.includes(part),
        ),
      { timeout: TIMEOUT_MS },
      selector,
      text,
    );
  /** Press something on the call's card, when what has just moved takes presses again. */
  const press = async (selector) => {
    await gadget.waitForFunction(() => !document.querySelector(".locked"));
    await gadget.locator(`call-panel:not([hidden]) ${selector}`).click();
  };

  await shows("agent-state select", "Ready");
  await shows(".idle", "No call.");
  const call = await control("calls", { from: CUSTOMER, to: "1001", queue: "Support" });
  await shows("call-panel h2", "Käthe Schröder-von der Heide");
  await shows(".phase", "Ringing");
  await press(".slots .answer");
  await shows(".phase", "On the call");
  await press("textarea");
  await page.keyboard.type("promised a credit note");
  await shows(".saved", "Saved");
  await press(".reasons .choice input");
  await press(".slots .consult");
  await page.keyboard.type("+12125550142");
  await shows(".targets strong", "+12125550142");
  await press(".targets .row button:nth-child(2)");
  await shows(".phase", "Transferred to +12125550142");
  const sentBefore = sent;
  await press(".done");
  await shows(".idle", "No call.");
  // The browser must not be closed before the service knows that the call is finished.
  const deadline = Date.now() + TIMEOUT_MS;
  while (open.size || sent === sentBefore) {
    assert.ok(Date.now() < deadline, "the service has not answered");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(errors, []);
  console.log(call.id);
} finally {
  await browser.close();
}
