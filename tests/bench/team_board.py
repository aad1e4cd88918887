"""The team board while the states of many agents change, beside the same with few agents.

In Chromium, with the sandbox and the service in another process: how many frames a second the
board's page draws, how much of the time its tasks of over 50 ms take, and how long it takes from a
request until the board shows the state.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Frame, sync_playwright

from tests.bench.processes import percentile, process
from tests.bench.scale import Scale
from tests.harness.browser import CHROMIUM, FLAGS, BrowserDesktop
from tests.harness.ports import free_port

FEW_AGENTS = 5
CHANGES_PER_SECOND = 10
FIRST_AGENT = 30_001
"""Id of the first of the sandbox's further agents."""

_WATCH = """() => {
  window.frames_ = 0;
  window.busy = 0;
  window.longest = 0;
  window.beganAt = performance.now();
  const frame = () => { window.frames_ += 1; requestAnimationFrame(frame); };
  frame();
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      window.busy += duration;
      window.longest = Math.max(window.longest, duration);
    }
  }).observe({ type: "longtask" });
}"""
_RESULT = """() => ({
  seconds: (performance.now() - window.beganAt) / 1000,
  frames: window.frames_, busy: window.busy, longest: window.longest,
})"""
_SHOWN = """([name, state]) => new Promise((resolve) => {
  const isShown = () => [...document.querySelectorAll(".agents tbody tr")].some(
    (row) => row.textContent.includes(name) && row.dataset.group === state);
  const check = () => (isShown() ? resolve(performance.timeOrigin + performance.now())
    : requestAnimationFrame(check));
  check();
})"""


def team_board(folder: Path, scale: Scale) -> None:
    print(
        f"{'agents':>7}  {'frames/s':>8}  {'long tasks':>10}  {'longest':>8}  {'shown p50':>9}  p95"
    )
    for agents in (FEW_AGENTS, scale.team_agents):
        _measure(folder, agents, scale.team_seconds)


def _measure(folder: Path, agents: int, seconds: float) -> None:
    port, service = free_port(), free_port()
    demo = ["callcard", "demo", "--port", str(port), "--service-port", str(service)]
    demo += ["--more-agents", str(agents)]
    url = f"http://127.0.0.1:{port}"
    with (
        process(*demo, cwd=folder, ready=f"http://127.0.0.1:{service}/readyz"),
        sync_playwright() as playwright,
        httpx.Client(base_url=f"{url}/finesse/api", timeout=10) as finesse,
    ):
        ids = [str(FIRST_AGENT + index) for index in range(agents)]
        for id in ids:
            _put(finesse, id, f"<User><state>LOGIN</state><extension>{id}</extension></User>")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        frame = _open_board(BrowserDesktop(browser.new_page()), url)
        frame.wait_for_selector(f".agents tbody tr:nth-child({agents})", timeout=60_000)
        frame.evaluate(_WATCH)
        delays = _change_states(finesse, frame, ids, seconds)
        result: dict[str, Any] = frame.evaluate(_RESULT)
        print(
            f"{agents:>7}  {result['frames'] / result['seconds']:>8.0f}"
            f"  {result['busy'] / 10 / result['seconds']:>9.1f}%  {result['longest']:>5.0f} ms"
            f"  {percentile(delays, 0.5):>6.0f} ms  {percentile(delays, 0.95):.0f} ms"
        )
        browser.close()


def _open_board(desktop: BrowserDesktop, url: str) -> Frame:
    page = desktop.page
    page.goto(f"{url}/desktop")
    page.get_by_label("Agent id").fill("2001")
    page.get_by_label("Password").fill("callcard")
    page.get_by_label("Extension").fill("2001")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("tab", name="Callcard team").click()
    element = page.locator("iframe[id^=remote_iframe]").nth(1).element_handle()
    frame = element.content_frame()
    assert frame is not None
    return frame


def _change_states(
    finesse: httpx.Client, frame: Frame, ids: list[str], seconds: float
) -> list[float]:
    """Make agents ready and not ready in turn; return the milliseconds until some were shown."""
    delays: list[float] = []
    started_at = time.monotonic()
    for number, id in enumerate(itertools.cycle(ids)):
        now = time.monotonic() - started_at
        if now >= seconds:
            return delays
        time.sleep(max(0.0, number / CHANGES_PER_SECOND - now))
        is_ready = (number // len(ids)) % 2 == 0
        state, group = ("READY", "ready") if is_ready else ("NOT_READY", "not-ready")
        sent_at = time.time() * 1000
        reason = "" if is_ready else "<reasonCodeId>1</reasonCodeId>"
        _put(finesse, id, f"<User><state>{state}</state>{reason}</User>")
        if number % CHANGES_PER_SECOND == 0:
            delays.append(frame.evaluate(_SHOWN, [f"Agent {id}", group]) - sent_at)
    raise AssertionError("there are no agents")


def _put(finesse: httpx.Client, id: str, body: str) -> None:
    headers = {"Content-Type": "application/xml"}
    finesse.put(
        f"/User/{id}", content=body, headers=headers, auth=(id, "callcard")
    ).raise_for_status()
