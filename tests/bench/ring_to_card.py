"""From the event that leaves the sandbox to the name in the card, beside a bare gadget.

The bare gadget shows the number and asks nobody.
"""

from __future__ import annotations

import random
import statistics
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.processes import control, get_contacts, percentile, process
from tests.bench.scale import Scale
from tests.harness.browser import CHROMIUM, FLAGS
from tests.harness.ports import free_port

HERE = Path(__file__).parent
CARD_AGENT = "1001"
BARE_AGENT = "2001"
PAUSE_MS = 100.0
GADGET_START_MS = 2000.0
"""How long the gadgets may take to start; loading must not be measured."""

_WATCH = """wanted => {
  window.shownAt = 0;
  performance.clearResourceTimings();
  const check = () => {
    const headings = [...document.querySelectorAll("h2")];
    if (!window.shownAt && headings.some((heading) => heading.textContent.includes(wanted))) {
      window.shownAt = performance.timeOrigin + performance.now();
    }
  };
  window.observer?.disconnect();
  window.observer = new MutationObserver(check);
  const changes = { subtree: true, childList: true, characterData: true };
  window.observer.observe(document.documentElement, changes);
}"""

STAGES = (
    "the gadget asks",
    "the browser sends the request",
    "the answer begins",
    "the answer is complete",
    "the name is shown",
)
_REACHED = """() => {
  const [request] = performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/gadgets/makeRequest"));
  const { startTime, requestStart, responseStart, responseEnd } = request ?? {};
  const times = request ? [startTime, requestStart, responseStart, responseEnd] : [];
  return [...times.map((time) => time + performance.timeOrigin), window.shownAt];
}"""


def ring_to_card(folder: Path, scale: Scale) -> None:
    port = free_port()
    service = free_port()
    demo = ["callcard", "demo", "--port", str(port), "--service-port", str(service)]
    demo += ["--gadgets", str(HERE / "bare"), "--layout", str(HERE / "layout.xml")]
    with (
        process(*demo, cwd=folder, ready=f"http://127.0.0.1:{service}/readyz"),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        card_page = _sign_in(browser, port, CARD_AGENT)
        bare_page = _sign_in(browser, port, BARE_AGENT)
        callers = _callers_with_one_name(service)
        chance = random.Random(1)
        card: list[list[float]] = []
        bare: list[float] = []
        for _ in range(scale.calls):
            number, name = chance.choice(callers)
            card.append(_ring(port, card_page, CARD_AGENT, number, name))
            number, _name = chance.choice(callers)
            bare.append(_ring(port, bare_page, BARE_AGENT, number, number)[-1])
        browser.close()
    print(f"\nRing to card, {scale.calls} calls in Chromium, milliseconds")
    print(f"{'':<38}  p50    p95")
    shown = [times[-1] for times in card]
    stages = [
        (f"card: {name}", list(times))
        for name, times in zip(STAGES, zip(*card, strict=True), strict=True)
    ]
    for label, times in (*stages, ("bare: the number is shown", bare)):
        print(f"  {label:<36}{statistics.median(times):5.1f}  {percentile(times, 0.95):5.1f}")
    median_ratio = statistics.median(shown) / statistics.median(bare)
    p95_ratio = percentile(shown, 0.95) / percentile(bare, 0.95)
    print(f"  {'ratio':<36}{median_ratio:5.2f}  {p95_ratio:5.2f}")


def _sign_in(browser: Browser, port: int, agent: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"http://localhost:{port}/desktop")
    for field, text in (("id", agent), ("password", "callcard"), ("extension", agent)):
        page.fill(f"[name={field}]", text)
    page.click("#sign-in button")
    page.wait_for_selector("iframe")
    page.wait_for_timeout(GADGET_START_MS)
    return page


def _ring(port: int, page: Page, agent: str, number: str, wanted: str) -> list[float]:
    """Let a call ring; return the milliseconds until each of STAGES, or only the last.

    A gadget that asks nobody has only the last.
    """
    frame = page.frames[1]
    frame.evaluate(_WATCH, wanted)
    call = control(port, "calls", {"from": number, "to": agent})
    frame.wait_for_function("() => window.shownAt > 0", timeout=10_000)
    reached: list[float] = frame.evaluate(_REACHED)
    sent_at = datetime.fromisoformat(call["participants"][1]["since"]).timestamp() * 1000
    control(port, f"calls/{call['id']}/drop", {})
    page.wait_for_timeout(PAUSE_MS)
    return [at - sent_at for at in reached]


def _callers_with_one_name(service: int) -> list[tuple[str, str]]:
    """Return sample numbers that belong to one named person alone, with the name."""
    names: dict[str, str] = {}
    for text in ("an", "le", "ja", "so", "ol", "el"):
        for contact in get_contacts(service, f"q={text}&limit=50")["contacts"]:
            if contact["name"]:
                names |= {number["e164"]: contact["name"] for number in contact["numbers"]}
    return [(number, name) for number, name in names.items() if _is_alone(service, number, name)]


def _is_alone(service: int, number: str, name: str) -> bool:
    matches: list[dict[str, Any]] = get_contacts(service, f"number={quote(number)}")["matches"]
    return [match["contact"]["name"] for match in matches] == [name]
