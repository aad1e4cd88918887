"""Requests per second: a look-up beside a bare Starlette, a call action beside Finesse itself."""

from __future__ import annotations

import asyncio
import csv
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from callcard.crm.local import LocalContacts
from callcard.demo import sample_contacts
from tests.bench.load import Result, load, request
from tests.bench.processes import AGENT, control, process, sign_in
from tests.bench.scale import Scale
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    name: str
    port: int
    requests: list[bytes]


def lookup(folder: Path, scale: Scale) -> None:
    """Compare GET /contacts?number= with a bare hello on the same server."""
    hello = free_port()
    uvicorn = ("uvicorn", "tests.bench.hello:app", "--port", str(hello), "--log-level", "warning")
    with (
        service_behind_sandbox(folder) as (_finesse, service, _process),
        process(*uvicorn, "--no-access-log", cwd=folder, ready=f"http://127.0.0.1:{hello}/"),
    ):
        rows = csv.DictReader((folder / "contacts.csv").open(encoding="utf-8"))
        lookups = [
            request("GET", f"/api/v1/contacts?number={quote(row['mobile'])}")
            for row in rows
            if row["mobile"]
        ]
        hellos = [request("GET", "/")]
        _compare(scale, "Look-up", Side("hello", hello, hellos), Side("look-up", service, lookups))


def call_action(folder: Path, scale: Scale) -> None:
    """Compare hold and retrieve through the service with the same requests to the sandbox."""
    with service_behind_sandbox(folder) as (finesse, service, _process):
        call = control(finesse, "calls", {"from": "+12125550123", "to": AGENT})["id"]
        direct = [_finesse_action(call, action) for action in ("HOLD", "RETRIEVE")]
        relayed = [request("POST", f"/api/v1/calls/{call}/{action}") for action in _HOLD_ACTIONS]
        answer = [_finesse_action(call, "ANSWER")]
        asyncio.run(load(finesse, answer, connections=1, seconds=0.01))
        _compare(
            scale, "Call action", Side("direct", finesse, direct), Side("relayed", service, relayed)
        )


_HOLD_ACTIONS = ("hold", "retrieve")


def _finesse_action(call: str, action: str) -> bytes:
    body = (
        f"<Dialog><targetMediaAddress>{AGENT}</targetMediaAddress>"
        f"<requestedAction>{action}</requestedAction></Dialog>"
    )
    return request("PUT", f"/finesse/api/Dialog/{call}", body=body)


@contextmanager
def service_behind_sandbox(folder: Path) -> Iterator[tuple[int, int, subprocess.Popen[bytes]]]:
    """Start both with the sample contacts and sign AGENT in.

    Returns the ports of the sandbox and of the service, and the service.
    """
    finesse = free_port()
    service = free_port()
    contacts = LocalContacts(folder / "load.sqlite", country="US", suffix_digits=8)
    sample_contacts.fill(contacts, folder, "http://crm", "US")
    contacts.close_blocking()
    write_secret(
        folder / "load.toml",
        f'[finesse]\nurl = "http://127.0.0.1:{finesse}"\n'
        '[[sources]]\nkind = "local"\npath = "load.sqlite"\n',
    )
    sandbox = ("callcard", "sandbox", "--port", str(finesse))
    serve = ("callcard", "serve", "--config", "load.toml", "--port", str(service))
    with (
        process(*sandbox, cwd=folder, ready=f"http://127.0.0.1:{finesse}/desktop"),
        process(*serve, cwd=folder, ready=f"http://127.0.0.1:{service}/readyz") as started,
    ):
        sign_in(finesse)
        yield finesse, service, started


def _compare(scale: Scale, title: str, first: Side, second: Side) -> None:
    """Measure both sides in turn; print medians, and the ratio of the second to the first."""
    rounds = f"{scale.rounds} rounds of {scale.round_seconds:g} s"
    columns = "".join(
        f"{side.name + ' req/s':>15}{'p50 ms':>9}{'p99 ms':>9}" for side in (first, second)
    )
    print(f"\n{title}: medians of {rounds}, in turn")
    print(f"  connections       {columns}   ratio req/s   p99")
    for connections in scale.connections:
        results: dict[str, list[Result]] = {first.name: [], second.name: []}
        for _ in range(scale.rounds):
            for side in (first, second):
                measured = load(
                    side.port, side.requests, connections=connections, seconds=scale.round_seconds
                )
                results[side.name].append(asyncio.run(measured))
        one = _median(results[first.name])
        two = _median(results[second.name])
        row = "".join(f"{each.rate:>15,.0f}{each.p50:>9.2f}{each.p99:>9.2f}" for each in (one, two))
        print(f"  {connections:<18}{row}{two.rate / one.rate:>14.2f}{two.p99 / one.p99:>6.1f}")


def _median(results: list[Result]) -> Result:
    assert not any(result.errors for result in results), "a request was refused"
    return Result(
        rate=statistics.median(result.rate for result in results),
        p50=statistics.median(result.p50 for result in results),
        p99=statistics.median(result.p99 for result in results),
        errors=0,
    )
