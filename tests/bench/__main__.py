"""What Callcard costs, beside the least that could be.

`python -m tests.bench [ring|lookup|relay|contacts|sessions|floor] …`, or all.

Ratios are of numbers from the same run; the numbers themselves are this machine's. All stays on loopback and stops by itself.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.bench.load import Result, load, request
from tests.conftest import ROOT, free_port, until

if TYPE_CHECKING:
    from tests.prosody import Prosody

HERE = Path(__file__).parent
CALLS = 200
ROUNDS, SECONDS = 3, 2.0
CONCURRENT = (1, 32, 256)


@contextmanager
def process(*words: str, cwd: Path, ready: str) -> Iterator[None]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        assert running.poll() is None, f"{words} ended"
        try:
            urllib.request.urlopen(ready, timeout=1).close()
        except OSError:
            return False
        return True

    try:
        until(answers, 60)
        yield
    finally:
        running.terminate()
        running.wait(20)


def post(port: int, path: str, body: dict[str, Any]) -> Any:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/sandbox/{path}", json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def sign_in(port: int) -> None:
    body = b"<User><state>LOGIN</state><extension>1001</extension></User>"
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/finesse/api/User/1001", body, method="PUT"
    )
    asked.add_header("Authorization", "Basic MTAwMTpjYWxsY2FyZA==")
    urllib.request.urlopen(asked, timeout=10).close()


# ---- ring to card


def ring(folder: Path) -> None:
    """From the event leaving the stand-in to the name in the card's DOM, beside a gadget that only writes the number."""
    from playwright.sync_api import Page, sync_playwright

    from tests.desk import CHROMIUM, FLAGS

    port, service = free_port(), free_port()
    demo = ["callcard", "demo", "--port", str(port), "--service-port", str(service)]
    demo += ["--gadgets", str(HERE / "bare"), "--layout", str(HERE / "layout.xml")]
    with (
        process(*demo, cwd=folder, ready=f"http://127.0.0.1:{service}/readyz"),
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        pages: dict[str, Page] = {}
        for agent in ("1001", "2001"):
            page = pages[agent] = browser.new_context().new_page()
            page.goto(f"http://localhost:{port}/desktop")
            for field, text in (("id", agent), ("password", "callcard"), ("extension", agent)):
                page.fill(f"[name={field}]", text)
            page.click("#sign-in button")
            page.wait_for_selector("iframe")
            time.sleep(2)
        people = _sample(service)
        chance = random.Random(1)
        took: dict[str, list[float]] = {"1001": [], "2001": []}
        for _ in range(CALLS):
            for agent, page in pages.items():
                number, name = chance.choice(people)
                took[agent].append(
                    _one_ring(port, page, agent, number, name if agent == "1001" else number)
                )
        browser.close()
    card, bare = (sorted(took[agent]) for agent in ("1001", "2001"))
    print(
        f"\nRing to card, {CALLS} calls in Chromium, milliseconds from the event leaving the stand-in to the text in the DOM"
    )
    print("                      p50    p95")
    for name, times in (("card: caller's name", card), ("bare: caller's number", bare)):
        print(f"  {name:<22}{statistics.median(times):5.1f}  {_p(times, 0.95):5.1f}")
    print(
        f"  ratio                 {statistics.median(card) / statistics.median(bare):5.2f}  {_p(card, 0.95) / _p(bare, 0.95):5.2f}"
    )


_WATCH = """wanted => {
  window.seen = 0;
  const look = () => {
    if (!window.seen && [...document.querySelectorAll("h2")].some((e) => e.textContent.includes(wanted))) {
      window.seen = performance.timeOrigin + performance.now();
    }
  };
  window.watch?.disconnect();
  window.watch = new MutationObserver(look);
  window.watch.observe(document.documentElement, { subtree: true, childList: true, characterData: true });
}"""


def _one_ring(port: int, page: Any, agent: str, number: str, wanted: str) -> float:
    frame = page.frames[1]
    frame.evaluate(_WATCH, wanted)
    call = post(port, "calls", {"from": number, "to": agent})
    frame.wait_for_function("() => window.seen > 0", timeout=10_000)
    seen: float = frame.evaluate("() => window.seen")
    left = datetime.fromisoformat(call["participants"][1]["since"]).timestamp() * 1000
    post(port, f"calls/{call['id']}/drop", {})
    time.sleep(0.1)
    return seen - left


def _sample(service: int) -> list[tuple[str, str]]:
    """Numbers of the sample that belong to one named person alone, with the name."""
    found: dict[str, str] = {}
    for text in ("an", "le", "ja", "so", "ol", "el"):
        for contact in _asked(service, f"q={text}&limit=50")["contacts"]:
            found |= {
                number["e164"]: contact["name"] for number in contact["numbers"] if contact["name"]
            }
    alone = {number: _asked(service, f"number={quote(number)}")["matches"] for number in found}
    return [
        (number, name)
        for number, name in found.items()
        if [m["contact"]["name"] for m in alone[number]] == [name]
    ]


def _asked(service: int, query: str) -> Any:
    asked = urllib.request.Request(f"http://127.0.0.1:{service}/api/v1/contacts?{query}")
    asked.add_header("Authorization", "Basic MTAwMTpjYWxsY2FyZA==")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def _p(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


# ---- requests per second


def lookup(folder: Path) -> None:
    """GET /contacts?number= beside a bare Starlette hello on the same server."""
    finesse, service, hello = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        _start(stack, folder, finesse, service)
        sign_in(finesse)
        uvicorn = (
            "uvicorn",
            "tests.bench.hello:app",
            "--port",
            str(hello),
            "--no-access-log",
            "--log-level",
            "warning",
        )
        stack.enter_context(process(*uvicorn, cwd=folder, ready=f"http://127.0.0.1:{hello}/"))
        lines = list(csv.DictReader((folder / "contacts.csv").open(encoding="utf-8")))
        asked = [
            request("GET", f"/api/v1/contacts?number={quote(line['mobile'])}")
            for line in lines
            if line["mobile"]
        ]
        compare("Look-up", ("hello", hello, [request("GET", "/")]), ("look-up", service, asked))


def relay(folder: Path) -> None:
    """POST /calls/{id}/hold through the service beside the same PUT to the stand-in itself."""
    finesse, service = free_port(), free_port()
    with ExitStack() as stack:
        _start(stack, folder, finesse, service)
        sign_in(finesse)
        call = post(finesse, "calls", {"from": "+12125550123", "to": "1001"})["id"]
        direct, relayed = [], []
        for action in ("HOLD", "RETRIEVE"):
            body = f"<Dialog><targetMediaAddress>1001</targetMediaAddress><requestedAction>{action}</requestedAction></Dialog>"
            direct.append(request("PUT", f"/finesse/api/Dialog/{call}", body=body))
            relayed.append(request("POST", f"/api/v1/calls/{call}/{action.lower()}"))
        answer = request("PUT", f"/finesse/api/Dialog/{call}", body=body.replace(action, "ANSWER"))
        asyncio.run(load(finesse, [answer], connections=1, seconds=0.01))
        compare("Call action", ("direct", finesse, direct), ("relayed", service, relayed))


def _start(stack: ExitStack, folder: Path, finesse: int, service: int) -> None:
    from callcard.demo import sample_contacts

    store = LocalContacts(folder / "load.sqlite", home="US", suffix_digits=8)
    sample_contacts.fill(store, folder, "http://crm", "US")
    store.close()
    (folder / "load.toml").write_text(
        f'finesse_url = "http://127.0.0.1:{finesse}"\ndatabase = "load.sqlite"\n'
    )
    stand_in = ("callcard", "sandbox", "--port", str(finesse))
    stack.enter_context(process(*stand_in, cwd=folder, ready=f"http://127.0.0.1:{finesse}/desktop"))
    serve = ("callcard", "serve", "--config", "load.toml", "--port", str(service))
    stack.enter_context(process(*serve, cwd=folder, ready=f"http://127.0.0.1:{service}/readyz"))


def compare(title: str, *sides: tuple[str, int, list[bytes]]) -> None:
    """The two sides in turn, several rounds; medians, and the ratio of the second to the first."""
    print(f"\n{title}: medians of {ROUNDS} rounds of {SECONDS:g} s, in turn")
    print(
        "  at once           "
        + "".join(f"{name + ' req/s':>15}{'p50 ms':>9}{'p99 ms':>9}" for name, *_ in sides)
        + "   ratio req/s   p99"
    )
    for connections in CONCURRENT:
        rounds: list[list[Result]] = [[] for _ in sides]
        for _ in range(ROUNDS):
            for place, (_name, port, requests) in enumerate(sides):
                rounds[place].append(
                    asyncio.run(load(port, requests, connections=connections, seconds=SECONDS))
                )
        assert not any(r.errors for results in rounds for r in results), "something was refused"
        (rate_a, p50_a, p99_a), (rate_b, p50_b, p99_b) = (
            tuple(
                statistics.median(getattr(r, what) for r in results)
                for what in ("rate", "p50", "p99")
            )
            for results in rounds
        )
        row = (
            f"{rate_a:>15,.0f}{p50_a:>9.2f}{p99_a:>9.2f}{rate_b:>15,.0f}{p50_b:>9.2f}{p99_b:>9.2f}"
        )
        print(f"  {connections:<18}{row}{rate_b / rate_a:>14.2f}{p99_b / p99_a:>6.1f}")


# ---- contacts: flat from ten thousand to a million


def contacts(folder: Path) -> None:
    """Importing, and looking up in ten thousand and in a million."""
    print(
        "\nLocal contacts: a look-up in microseconds (p50 / p99 of 5,000), and the import that made them"
    )
    print(
        "  contacts      import s   exact hit        last digits      nobody           name, 4 letters"
    )
    medians = []
    for count in (10_000, 1_000_000):
        file, database = folder / f"{count}.csv", folder / f"{count}.sqlite"
        _write(file, count)
        begun = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "callcard",
            "contacts",
            "import",
            str(file),
            "--database",
            str(database),
            "--country",
            "US",
        ]
        subprocess.run(
            command,
            check=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
        )
        took = time.perf_counter() - begun
        store = LocalContacts(database, home="US", suffix_digits=8)
        chance = random.Random(2)
        known = [numbers.read(_number(chance.randrange(count)), "US") for _ in range(5000)]
        near = [numbers.read("+44" + number.digits[1:], "US") for number in known]
        nobody = [numbers.read(f"+4930{chance.randrange(10**7, 10**8)}", "US") for _ in range(5000)]
        names = [_name(chance.randrange(count))[:4] for _ in range(5000)]
        cells, row = [], []
        for ask in (
            lambda i, store=store, known=known: store.by_number(known[i]),
            lambda i, store=store, near=near: store.by_number(near[i]),
            lambda i, store=store, nobody=nobody: store.by_number(nobody[i]),
            lambda i, store=store, names=names: store.search(names[i], 20),
        ):
            times = asyncio.run(_timed(ask))
            row.append(statistics.median(times))
            cells.append(f"{row[-1]:>6.0f} / {_p(times, 0.99):<8.0f}")
        store.close()
        medians.append(row)
        print(f"  {count:<12,}{took:>10.1f}   " + "".join(cells))
    print(
        "  ratio of p50            "
        + "".join(f"{big / small:>6.2f}           " for small, big in zip(*medians, strict=True))
    )


async def _timed(ask: Callable[[int], Any]) -> list[float]:
    times = []
    for place in range(5000):
        begun = time.perf_counter()
        await ask(place)
        times.append((time.perf_counter() - begun) * 1e6)
    return times


def _number(place: int) -> str:
    return (
        f"+1{(2012000000 + place * 7) % 10**10:010}" if place % 2 else f"+4930{20000000 + place:08}"
    )


def _name(place: int) -> str:
    chance = random.Random(place)
    return "".join(
        chance.choice("bcdfgklmnprst") + chance.choice("aeiou") for _ in range(4)
    ).capitalize()


def _write(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "name", "company", "phone"])
        writer.writerows(
            [
                place,
                f"{_name(place)} {_name(place + 1)}",
                f"{_name(place // 20)} Ltd",
                _number(place),
            ]
            for place in range(count)
        )


# ---- sessions: what a thousand agents' lines to the notification service cost


def sessions(folder: Path) -> None:
    """A thousand sessions in one process under uvloop, over TLS, on a real Prosody; WebSocket beside TCP."""
    from tests.prosody import prosody

    if not shutil.which("prosody"):
        sys.exit("Prosody is missing: apt install prosody")
    count = int(os.environ.get("SESSIONS", "1000"))
    print(
        f"\n{count} notification sessions over TLS, one process, uvloop; Prosody beside it on the same cores"
    )
    rows: dict[str, dict[str, float]] = {}
    with prosody([str(1001 + n) for n in range(1000)]) as server:
        for carrier in ("websocket", "tcp"):
            rows[carrier] = _sessions(server, carrier, count)
    names = list(rows["websocket"])
    print("  carrier     " + "".join(f"{name:>28}" for name in names))
    for carrier, row in rows.items():
        print(f"  {carrier:<12}" + "".join(f"{row[name]:>28.2f}" for name in names))
    print(
        "  tcp/websocket"
        + "".join(f"{rows['tcp'][name] / rows['websocket'][name]:>27.2f} " for name in names)
    )


def _sessions(server: Prosody, carrier: str, count: int) -> dict[str, float]:
    address = server.address("tcp" if carrier == "tcp" else "websocket")
    told = [carrier, str(count), str(address.port), address.domain, str(server.folder / "ca.pem")]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sessions", *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        assert child.stdin
        assert child.stdout
        assert json.loads(child.stdout.readline())["subscribed"] == count

        async def publish() -> None:
            publisher = await server.publisher()
            await publisher.publish(
                "/finesse/api/SystemInfo", "<Update><event>PUT</event><source>/s</source></Update>"
            )
            await publisher.close()

        child.stdin.write("go\n")
        child.stdin.flush()
        asyncio.run(publish())
        row: dict[str, float] = json.loads(child.stdout.readline())
        return row


# ---- a whole contact centre


def floor(folder: Path) -> None:
    from tests.bench import floor as whole

    whole.show(asyncio.run(whole.measure(3, 2000, 17, folder)))


def main() -> None:
    benches = {
        "ring": ring,
        "lookup": lookup,
        "relay": relay,
        "contacts": contacts,
        "sessions": sessions,
        "floor": floor,
    }
    for name in sys.argv[1:] or list(benches):
        if name not in benches:
            sys.exit(f"there is no {name!r}; there are {', '.join(benches)}")
        with tempfile.TemporaryDirectory(prefix="callcard-bench-") as folder:
            benches[name](Path(folder))


if __name__ == "__main__":
    main()
