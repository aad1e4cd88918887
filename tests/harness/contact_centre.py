"""A contact centre for tests: sandbox, service, CRM, and agents at their desktops.

Its clock is the service's. Nothing waits for time to pass: `deliver` advances the clock and runs
the service's background jobs once.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx
from starlette.applications import Starlette

from callcard.app import create_app
from callcard.crm.base import InteractionRecord
from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry
from callcard.crm.open_sources import open_local_contacts
from callcard.finesse.cluster import Cluster
from callcard.finesse.node_selector import Timing
from callcard.finesse.nodes import Node
from callcard.finesse.objects import Dialog
from callcard.finesse.xmpp_base import Address
from callcard.journal.lifecycle import GRACE_SECONDS
from callcard.settings import Settings
from callcard.telephony.numbers import read
from finesse_sandbox.app import SandboxSettings
from tests.harness.clock import AdvancingClock
from tests.harness.desktop import Desktop
from tests.harness.ports import free_port
from tests.harness.sandbox import PASSWORD, SandboxDriver, new_sandbox
from tests.harness.serving import serving
from tests.harness.settings import settings_in
from tests.harness.waiting import until

ADA = "+1 212 555 0123"
ADA_E164 = "+12125550123"
ADA_NAME = "Ada Lovelace"
BABBAGE = "+12125550199"
BABBAGE_NAME = "Charles Babbage"
NOTES_SECONDS = 20.0
LOST_SECONDS = 90.0


@dataclass
class Service:
    """One worker of the service, in this process."""

    app: Starlette
    http: httpx.AsyncClient
    closing: AsyncExitStack

    def api(self, agent: str) -> httpx.AsyncClient:
        """Return a client that sends an agent's requests. Close it, or use it in `async with`."""
        return service_client(self.app, agent)

    async def run_jobs(self) -> None:
        """Run the sweep and the delivery once."""
        await self.app.state.journal.sweep()
        for delivery in self.app.state.connections.deliveries:
            while await delivery.step():
                pass


@dataclass
class ContactCentre:
    finesse: SandboxDriver
    sandbox_settings: SandboxSettings
    settings: Settings
    crm: LocalContacts
    clock: AdvancingClock
    background_jobs: bool = False
    """Whether the services run their jobs themselves, in real time."""
    sandbox_server: AsyncExitStack = field(default_factory=AsyncExitStack)
    services: list[Service] = field(default_factory=list)
    desktops: list[Desktop] = field(default_factory=list)

    @property
    def service(self) -> Service:
        return self.services[0]

    def api(self, agent: str = "1001") -> httpx.AsyncClient:
        return self.service.api(agent)

    @property
    def port(self) -> int:
        """The sandbox's."""
        return self.sandbox_settings.ports[0]

    # ---- the service

    async def start_service(self) -> Service:
        """Start one more worker on the same store."""
        app = create_app(self.settings, clock=self.clock, background_jobs=self.background_jobs)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            http = await stack.enter_async_context(service_client(app))
            service = Service(app, http, stack.pop_all())
        self.services.append(service)
        return service

    async def restart_service(self) -> None:
        """Replace the service by a new one on the same store. Its desktops are closed."""
        await self.close_desktops()
        await self.services.pop(0).closing.aclose()
        await self.start_service()

    async def restart_finesse(self) -> None:
        """Replace the sandbox by a new one: nobody is signed in, ids start again."""
        await self.close_desktops()
        await self.sandbox_server.aclose()
        self.finesse.sandbox = new_sandbox(self.sandbox_settings)
        await self.sandbox_server.enter_async_context(serving(self.finesse.sandbox.app, self.port))

    async def deliver(self) -> list[InteractionRecord]:
        """Wait for all reports, let the time for notes pass, and run the background jobs.

        Returns everything that the CRM has then.
        """
        await self.reported()
        self.clock.advance(NOTES_SECONDS + GRACE_SECONDS)
        return await self.run_jobs()

    async def run_jobs(self) -> list[InteractionRecord]:
        for service in self.services:
            await service.run_jobs()
        return list(self.crm.interactions())

    async def delivered(self) -> InteractionRecord:
        """Deliver, and return the only interaction that the CRM has."""
        (interaction,) = await self.deliver()
        return interaction

    def failing_contacts(self) -> AbstractContextManager[None]:
        """Make the only contact source fail."""
        return failing_contacts(self.settings)

    # ---- agents

    async def open_desktop(
        self, agent: str = "1001", service: Service | None = None, **options: Any
    ) -> Desktop:
        """Sign an agent in and make them ready, unless they are, and open a desktop for them."""
        if await self.finesse.state(agent) == "LOGOUT":
            await self.finesse.sign_in(agent)
            await self.finesse.set_state(agent, "READY")
        node = Node("A", self.finesse.client, Address("localhost", self.port, ""))
        cluster = Cluster(
            [node],
            Timing(reconnect_jitter_seconds=0, first_retry_seconds=0.05, confirm_loss_seconds=0.05),
        )
        desktop = Desktop(agent, cluster, (service or self.service).http, **options)
        self.desktops.append(desktop)
        await asyncio.wait_for(desktop.presence.connected.wait(), 10)
        return desktop

    async def close_desktop(self, desktop: Desktop) -> None:
        """Close a desktop as a browser that crashes."""
        self.desktops.remove(desktop)
        await desktop.close()

    async def close_desktops(self) -> None:
        for desktop in list(self.desktops):
            await self.close_desktop(desktop)

    async def act(self, call: str, agent: str, action: str, to: str = "") -> None:
        """Let an agent act on a call, and wait until the desktops have reported the change."""
        await self.finesse.act(call, agent, action, to)
        await self.reported()

    async def ring(
        self, to: str = "1001", from_address: str = ADA, variables: dict[str, str] | None = None
    ) -> str:
        """Let a customer call, and wait until the desktops have reported the call."""
        call = await self.finesse.ring(to, from_address, variables=variables)
        await self.reported()
        return call

    async def hang_up(self, call: str) -> None:
        await self.finesse.hang_up(call)
        await self.reported()

    async def reported(self) -> None:
        """Wait until every desktop shows what Finesse has, and all its reports are acknowledged.

        A desktop that is offline only has to show it.
        """
        for desktop in self.desktops:
            await until(partial(self._is_up_to_date, desktop))

    async def _is_up_to_date(self, desktop: Desktop) -> bool:
        finesse_dialogs = await self.finesse.dialogs(desktop.id)
        if _comparable(finesse_dialogs) != _comparable(desktop.dialogs.values()):
            return False
        return desktop.offline or desktop.is_acknowledged

    async def consult_of(self, call: str, agent: str = "1001") -> str:
        """Return the agent's other call: the consult for `call`."""
        (consult,) = (each.id for each in await self.finesse.dialogs(agent) if each.id != call)
        return consult


def _comparable(dialogs: Iterable[Dialog]) -> dict[str, Dialog]:
    """Return the dialogs by id, without what changes in Finesse without an event."""
    return {dialog.id: replace(dialog, associated_dialog_uri="") for dialog in dialogs}


def service_client(app: Starlette, agent: str = "") -> httpx.AsyncClient:
    """Return a client of a service in this process, for one agent or without credentials."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://service/api/v1",
        auth=(agent, PASSWORD) if agent else None,
        timeout=10,
    )


@contextmanager
def failing_contacts(settings: Settings) -> Iterator[None]:
    """Make the local contacts fail."""
    with closing(sqlite3.connect(settings.contacts_path)) as database:
        database.execute("alter table contact_number rename to unreadable")
        yield
        database.execute("alter table unreadable rename to contact_number")


@asynccontextmanager
async def open_contact_centre(
    folder: Path,
    *,
    platform: Literal["ucce", "uccx"] = "ucce",
    background_jobs: bool = False,
    queues: Sequence[dict[str, str]] = (),
    token_issuers: Sequence[dict[str, Any]] = (),
    **sections: dict[str, Any],
) -> AsyncIterator[ContactCentre]:
    """Open a contact centre with all files in `folder`; `sections` are settings of the service."""
    port = free_port()
    sandbox_settings = SandboxSettings(platform=platform, ports=(port, 0))
    url = f"http://localhost:{port}"
    journal = {"notes_seconds": NOTES_SECONDS, "lost_seconds": LOST_SECONDS}
    journal |= sections.pop("journal", {})
    lists = {"queues": queues, "token_issuers": token_issuers}
    settings = settings_in(folder, url, journal=journal, **lists, **sections)
    crm = open_local_contacts(settings)
    async with AsyncExitStack() as stack:
        stack.callback(crm.close_blocking)
        add_contact(crm, "7", ADA_NAME, ADA, company="Analytical Engines", label="office")
        add_contact(crm, "8", BABBAGE_NAME, BABBAGE)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, verify=False))
        finesse = SandboxDriver(new_sandbox(sandbox_settings), http)
        centre = ContactCentre(
            finesse, sandbox_settings, settings, crm, AdvancingClock(), background_jobs
        )
        stack.push_async_callback(centre.sandbox_server.aclose)
        await centre.sandbox_server.enter_async_context(serving(finesse.sandbox.app, port))
        try:
            await centre.start_service()
            yield centre
        finally:
            await centre.close_desktops()
            for service in centre.services:
                await service.closing.aclose()


def add_contact(
    crm: LocalContacts, key: str, name: str, number: str, *, company: str = "", label: str = ""
) -> None:
    numbers = [(read(number, "US"), label)]
    crm.write_contacts([ContactEntry(key=f"id:{key}", name=name, company=company, numbers=numbers)])
