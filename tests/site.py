"""The whole thing on sockets: bundle, service, stand-in and sample contacts, with the service behind a switch."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

import build
from callcard.api.endpoint import problem
from callcard.app import create_app
from callcard.crm.local import LocalContacts
from callcard.demo import crm_pages, sample_contacts
from callcard.errors import CredentialsRejected
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.conftest import ROOT, free_port, listening


class Switchable:
    """The service, which a test can slow down, take away (connections are dropped without an answer) or let refuse credentials."""

    def __init__(self, app: Starlette) -> None:
        self.app, self.delay, self.down, self.expired = app, 0.0, False, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self.down:
                raise ConnectionResetError("the service is down")
            await asyncio.sleep(self.delay)
            if self.expired:  # as the service answers a token that has ended
                await problem(CredentialsRejected("sign in to Finesse again"))(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass
class Site:
    finesse: str
    service: str
    sandbox: Sandbox
    switch: Switchable
    contacts: LocalContacts
    folder: Path
    calls: list[str] = field(default_factory=list)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.finesse}/sandbox/{path}", json.dumps(body or {}).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.finesse}/sandbox/{path}", timeout=10) as answer:
            return json.load(answer)

    def ring(self, from_address: str, to: str = "1001", queue: str = "", **variables: str) -> str:
        call = self.post(
            "calls", {"from": from_address, "to": to, "queue": queue, "variables": variables}
        )
        id: str = call["id"]
        return id


@contextmanager
def open_site(folder: Path, *, country: str = "US", **told: Any) -> Iterator[Site]:
    ports = (free_port(), free_port())
    finesse, service = f"http://localhost:{ports[0]}", f"http://localhost:{free_port()}"
    build.build(ROOT / "gadget", folder / "dist", service)
    own = Settings(
        finesse_url=finesse,
        finesse_second_url=f"http://localhost:{ports[1]}" if told.get("nodes") == 2 else "",
        service_url=service,
        database=str(folder / "contacts.sqlite"),
        country=country,
        bundle=str(folder / "dist"),
        **told.pop("service", {}),
    )
    with ExitStack() as stack:
        contacts = LocalContacts(own.database, home=country, suffix_digits=8)
        stack.callback(contacts.close)
        sample_contacts.fill(contacts, folder, f"{finesse}/crm/contacts", country)
        more = told.pop("gadgets", ())
        settings = SandboxSettings(
            gadgets=(folder / "dist" / "callcard", *more),
            callers=sample_contacts.callers(),
            extra=tuple(crm_pages.routes(contacts)),
            ports=ports,
            **told,
        )
        sandbox = Sandbox(settings)
        switch = Switchable(create_app(own))
        stack.enter_context(listening(*zip(sandbox.apps, ports, strict=False)))
        stack.enter_context(listening((switch, int(service.rpartition(":")[2]))))
        yield Site(finesse, service, sandbox, switch, contacts, folder)
