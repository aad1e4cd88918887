"""A contact centre on sockets: sandbox, service, gadget bundle and the demo's sample contacts.

Tests change the sandbox through its control API only, as its objects belong to another thread.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

import build
from callcard.api.endpoint import problem_response
from callcard.app import create_app
from callcard.crm.base import InteractionRecord
from callcard.crm.local import LocalContacts
from callcard.crm.open_sources import open_local_contacts
from callcard.demo import crm_pages, run, sample_contacts
from callcard.errors import CredentialsRejected
from callcard.journal.lifecycle import GRACE_SECONDS
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.site import Platform
from tests.conftest import ROOT
from tests.harness.clock import AdvancingClock
from tests.harness.ports import free_port
from tests.harness.serving import listening
from tests.harness.settings import settings_in
from tests.harness.waiting import wait_until

DELIVERY_TIMEOUT_SECONDS = 30.0
"""For a call's delivery to the CRM, on a busy machine."""
REQUEST_TIMEOUT_SECONDS = 10.0
_STALL_POLL_SECONDS = 0.02


class FaultyService:
    """The service, with faults that a test can switch on."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.clear_faults()

    def clear_faults(self) -> None:
        self.is_down = False
        """Whether connections are dropped without a response."""
        self.is_stalled = False
        """Whether requests wait until this is False again."""
        self.rejects_credentials = False
        """Whether requests are answered as if the agent's access token had expired."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            while self.is_stalled:
                await asyncio.sleep(_STALL_POLL_SECONDS)
            if self.is_down:
                raise ConnectionResetError("the service is down")
            if self.rejects_credentials:
                response = problem_response(CredentialsRejected("sign in to Finesse again"))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


class DemoSite:
    """A running contact centre. Its methods play customers, faults and the administrator."""

    def __init__(
        self,
        finesse_url: str,
        service_url: str,
        platform: Platform,
        service: FaultyService,
        contacts: LocalContacts,
        control: httpx.Client,
        clock: AdvancingClock,
        settings: Settings,
    ) -> None:
        self.settings = settings
        self.finesse_url = finesse_url
        self.service_url = service_url
        self.platform = platform
        self.service = service
        self.contacts = contacts
        self._control = control
        self._clock = clock

    def reset(self) -> None:
        """Sign everybody out, end all calls and faults, and forget whom agents chose and what
        supervisors wrote.

        The service keeps its journal otherwise.
        """
        self._post("reset")
        with closing(sqlite3.connect(self.settings.journal_database)) as journal:
            journal.execute("delete from contact_choice")
            journal.execute("delete from coaching_message")
            journal.commit()
        self.service.clear_faults()

    # ---- calls

    def ring(self, from_address: str, to: str = "1001", queue: str = "", **variables: str) -> str:
        """Let a customer call an agent. Return the call's id."""
        body = {"from": from_address, "to": to, "queue": queue, "variables": variables}
        return str(self._post("calls", body)["id"])

    def preview(self, number: str, *, direct: bool, to: str = "1001") -> None:
        """Reserve an agent for an outbound campaign's customer."""
        body = {"to": to, "number": number, "campaign": "Winback", "direct": direct}
        self._post("previews", body)

    def offer_task(self, to: str, **variables: str) -> None:
        """Offer an agent a nonvoice task."""
        self._post("tasks", {"to": to, "variables": variables})

    def answer(self, call: str) -> None:
        """Let the far end answer a call that an agent dialled."""
        self._post(f"calls/{call}/answer")

    def hang_up(self, call: str) -> None:
        """Let the far end hang up."""
        self._post(f"calls/{call}/drop")

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self._get("calls")
        return calls

    def call(self, id: str) -> dict[str, Any]:
        (call,) = [call for call in self.calls() if call["id"] == id]
        return call

    def call_to(self, address: str) -> dict[str, Any]:
        """Return the only call to an address."""
        (call,) = [call for call in self.calls() if call["to"] == address]
        return call

    def answer_on_phone(self, call: str, agent: str = "1001") -> None:
        """Let an agent answer with another client than the desktop."""
        body = f"<Dialog><targetMediaAddress>{agent}</targetMediaAddress>"
        body += "<requestedAction>ANSWER</requestedAction></Dialog>"
        self._control.put(
            f"/finesse/api/Dialog/{call}",
            content=body,
            headers={"Content-Type": "application/xml"},
            auth=(agent, "callcard"),
        ).raise_for_status()

    # ---- users, configuration and faults

    def user(self, id: str = "1001") -> dict[str, Any]:
        (user,) = [user for user in self._get("users") if user["id"] == id]
        return dict(user)

    def change_user(self, id: str, **changes: Any) -> None:
        self._request("PUT", f"users/{id}", changes)

    @contextmanager
    def workflows(self, *added: Mapping[str, Any]) -> Iterator[None]:
        """Add workflows for the duration of the block."""
        configuration = self._request("PUT", "site", {})
        before = [
            {
                **workflow,
                "params": dict(workflow["params"]),
                "variables": dict(workflow["variables"]),
            }
            for workflow in configuration["workflows"]
        ]
        self._request("PUT", "site", {"workflows": [*before, *added]})
        try:
            yield
        finally:
            self._request("PUT", "site", {"workflows": before})

    def arm_fault(self, kind: str, **options: Any) -> None:
        self._post("faults", {"kind": kind, **options})

    def armed_event_faults(self) -> list[str]:
        """Return the kinds of the event faults that have not happened yet."""
        status = self._post("faults", {"kind": "busy", "times": 0})  # every answer has the status
        return list(status["events_armed"])

    # ---- what happened

    def requests(self, method: str, path_start: str = "/finesse/api/") -> list[dict[str, Any]]:
        """Return the requests that Finesse received, oldest first."""
        return [
            request
            for request in self._get("requests")
            if request["method"] == method and request["path"].startswith(path_start)
        ]

    def delivered_interaction(self, call: str) -> InteractionRecord:
        """Wait until the CRM has a call that its agents have closed. Return the one interaction.

        The service's clock is advanced by the time for late reports.
        """

        def find() -> list[InteractionRecord]:
            return [each for each in self.contacts.interactions() if call in each.call_ids]

        self._clock.advance(GRACE_SECONDS)
        wait_until(lambda: bool(find()), DELIVERY_TIMEOUT_SECONDS)
        (interaction,) = find()
        return interaction

    # ---- requests to the control API

    def _get(self, path: str) -> Any:
        return self._request("GET", path)

    def _post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._request("POST", path, body or {})

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        response = self._control.request(method, f"/sandbox/{path}", json=body)
        assert response.status_code in (200, 201), response.text
        return response.json()


def vendor_library() -> dict[str, Any]:
    """Return the sandbox's option for the vendor's library, which this repository can't ship.

    Use it by FINESSE_JS=finesse.js pytest tests/e2e
    """
    return {"finesse_js": Path(os.environ["FINESSE_JS"])} if "FINESSE_JS" in os.environ else {}


@contextmanager
def open_demo_site(
    folder: Path,
    *,
    service_settings: Mapping[str, dict[str, Any]] | None = None,
    gadgets: tuple[Path, ...] = (),
    more_sources: tuple[dict[str, Any], ...] = (),
    has_local_contacts: bool = True,
    service_port: int = 0,
    **sandbox_options: Any,
) -> Iterator[DemoSite]:
    """Build the bundle and run sandbox and service, with all files in `folder`.

    `service_settings` are sections, `gadgets` folders of gadgets beside Callcard, `more_sources`
    contact sources beside the local contacts, or instead of them. A `service_port` of 0 is any free
    one.
    """
    ports = (free_port(), free_port())
    finesse_url = f"http://localhost:{ports[0]}"
    service_port = service_port or free_port()
    service_url = f"http://localhost:{service_port}"
    build.build(ROOT / "gadget", folder / "dist", service_url)
    is_cluster = sandbox_options.get("nodes") == 2
    second_url = f"http://localhost:{ports[1]}" if is_cluster else ""
    sections: dict[str, dict[str, Any]] = {
        "finesse": {"second_url": second_url},
        "gadget": {"service_url": service_url, "bundle": str(folder / "dist")},
        "telephony": {"country": "US"},
    }
    for name, section in (service_settings or {}).items():
        sections[name] = sections.get(name, {}) | section
    settings = settings_in(folder, finesse_url, **sections)
    settings = msgspec.structs.replace(settings, queues=run.queues())
    with ExitStack() as stack:
        contacts = _open_sample_contacts(stack, settings, folder, finesse_url)
        local = settings.sources if has_local_contacts else ()
        settings = msgspec.structs.replace(settings, sources=(*local, *more_sources))
        sandbox = Sandbox(
            SandboxSettings(
                gadgets=(folder / "dist" / "callcard", *gadgets),
                callers=sample_contacts.callers(),
                extra_routes=tuple(crm_pages.routes(contacts)),
                ports=ports,
                **sandbox_options,
            )
        )
        clock = AdvancingClock()
        service = FaultyService(create_app(settings, clock=clock))
        stack.enter_context(listening(*zip(sandbox.apps, ports, strict=False)))
        stack.enter_context(listening((service, service_port)))
        control = stack.enter_context(
            httpx.Client(base_url=finesse_url, timeout=REQUEST_TIMEOUT_SECONDS)
        )
        platform = sandbox_options.get("platform", "ucce")
        yield DemoSite(
            finesse_url, service_url, platform, service, contacts, control, clock, settings
        )


def _open_sample_contacts(
    stack: ExitStack, settings: Settings, folder: Path, finesse_url: str
) -> LocalContacts:
    contacts = open_local_contacts(settings)
    stack.callback(contacts.close_blocking)
    sample_contacts.fill(contacts, folder, f"{finesse_url}/crm/contacts", "US")
    return contacts
