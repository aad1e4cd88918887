"""Routing decisions from long number lists, beside a bare Starlette hello at the same pace."""

from __future__ import annotations

import asyncio
import random
import socket
import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from callcard.store.open_store import open_store
from tests.bench.load import Result, load, request
from tests.bench.processes import process, resident_megabytes
from tests.bench.scale import Scale
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION
from tests.harness.routing import curri_request
from tests.harness.secret_files import write_secret
from tests.test_crm_check import toml

CONNECTIONS = 20
"""What Unified CM opens at most."""
REQUESTS_PER_SECOND = 500.0
_CALLERS = 5000
"""Different callers, so that no cache answers for all of them."""


def decisions(folder: Path, scale: Scale) -> None:
    entries = scale.list_entries
    print(
        f"\nDecisions from {entries:,} list entries: {REQUESTS_PER_SECOND:.0f} requests a second "
        f"over {CONNECTIONS} connections, medians of {scale.rounds} rounds"
    )
    print(f"{'':34}{'p50 ms':>9}{'p99 ms':>9}{'p99, times hello':>18}")
    hello = free_port()
    uvicorn = ("uvicorn", "tests.bench.hello:app", "--port", str(hello), "--log-level", "warning")
    with (
        process(*uvicorn, "--no-access-log", cwd=folder, ready=f"http://127.0.0.1:{hello}/"),
        _hanging_crm() as crm,
        _service(folder / "empty", 0, "local") as (_empty_port, empty_id),
        _service(folder / "lists", entries, "local") as (lists_port, lists_id),
        _service(folder / "hanging", entries, crm) as (hanging_port, _hanging_id),
    ):
        scripts = [request("GET", f"/routing/v1/decision?ani={quote(n)}") for n in _callers()]
        curri = [_post(curri_request(number, "7000")) for number in _callers()]
        sides = {
            "bare hello": (hello, [request("GET", "/")]),
            "script": (lists_port, scripts),
            "call manager (CURRI)": (lists_port, curri),
            "script, the CRM hangs": (hanging_port, scripts),
        }
        results: dict[str, list[Result]] = {name: [] for name in sides}
        for _round in range(scale.rounds):
            for name, (port, requests) in sides.items():
                measured = load(
                    port,
                    requests,
                    connections=CONNECTIONS,
                    seconds=scale.round_seconds,
                    requests_per_second=REQUESTS_PER_SECOND,
                )
                results[name].append(asyncio.run(measured))
        base = statistics.median(each.p99 for each in results["bare hello"])
        for name, measured_rounds in results.items():
            assert not any(each.errors for each in measured_rounds), name
            p50 = statistics.median(each.p50 for each in measured_rounds)
            p99 = statistics.median(each.p99 for each in measured_rounds)
            print(f"  {name:32}{p50:>9.2f}{p99:>9.2f}{p99 / base:>18.1f}")
        memory = resident_megabytes(lists_id) - resident_megabytes(empty_id)
        print(f"  memory of the service for the entries: {memory:,.0f} MB")


def _post(body: bytes) -> bytes:
    return request("POST", "/curri", body=body.decode("iso-8859-1"), content_type="text/xml")


def _callers() -> list[str]:
    numbers = random.Random(7)
    return [f"+4930{numbers.randrange(10**7):07}" for _ in range(_CALLERS)]


@contextmanager
def _hanging_crm() -> Iterator[str]:
    """Listen as a CRM that takes connections and never answers; yield its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as crm:
        yield str(crm.getsockname()[1])


@contextmanager
def _service(folder: Path, entries: int, source: str) -> Iterator[tuple[int, int]]:
    """Start a service with `entries` on its lists; yield its port and process id."""
    folder.mkdir()
    path = folder / "contacts-calls.sqlite"
    asyncio.run(open_store(str(path)).close())
    with sqlite3.connect(path) as database:
        database.executemany(
            "insert into list_entry (id, list, number, is_prefix, dialled, team, given, action,"
            " target, reason, author, author_name, added_at, state)"
            " values (?, 'deny', ?, 0, '', '', '', '', '', 'fraud', 'import feed', '', 1,"
            " 'effective')",
            ((str(number), f"+4989{number:08}") for number in range(entries)),
        )
    database.close()
    sources: list[dict[str, Any]] = [{"kind": "local", "path": "contacts.sqlite"}]
    if source != "local":
        crm = {**CONFIGURATION, "base_url": f"http://127.0.0.1:{source}", "auth": {}}
        sources.append({"kind": "rest", "name": "crm", **crm})
    port = free_port()
    write_secret(
        folder / "callcard.toml",
        f"sources = {toml(sources)}\n"
        '[finesse]\nurl = "http://127.0.0.1:1"\n[routing]\naddresses = ["127.0.0.1"]\n',
    )
    serve = ("callcard", "serve", "--config", "callcard.toml", "--port", str(port))
    with process(*serve, cwd=folder, ready=f"http://127.0.0.1:{port}/healthz") as running:
        yield port, running.pid
