"""Drive a sandbox: its control API plays customers and faults, Finesse's REST API plays agents."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from callcard.finesse.client import Credential, FinesseClient, basic
from callcard.finesse.objects import Dialog, User
from finesse_sandbox.app import Sandbox, SandboxSettings, proxy_client

PASSWORD = "callcard"
REQUEST_SECONDS = 30.0


def new_sandbox(settings: SandboxSettings) -> Sandbox:
    """Return a sandbox that trusts no certificate authority: loading them takes 25 ms."""
    return Sandbox(settings, http=proxy_client(verify=False))


class SandboxDriver:
    """`http` reaches the first node. An agent's extension is the same as their id."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient | None = None) -> None:
        """Without `http`, requests reach the sandbox, whose host is `finesse`, without a socket."""
        self.sandbox = sandbox
        if http is None:
            transport = httpx.ASGITransport(sandbox.app)
            http = httpx.AsyncClient(transport=transport, base_url="http://finesse")
        self.client = FinesseClient(http)
        self.http = http

    # ---- customers, faults and what was requested

    async def ring(
        self,
        to: str = "1001",
        from_address: str = "+12125550123",
        queue: str = "Support",
        variables: dict[str, str] | None = None,
    ) -> str:
        """Let a customer call an agent. Return the call's id."""
        body = {"from": from_address, "to": to, "queue": queue, "variables": variables or {}}
        call: str = (await self._control("POST", "calls", body))["id"]
        return call

    async def preview(self, to: str, number: str) -> str:
        """Let the dialer reserve an agent for a customer. Return the reservation's id."""
        preview: str = (await self._control("POST", "previews", {"to": to, "number": number}))["id"]
        return preview

    async def answer(self, call: str) -> None:
        """Let the customer answer a call that an agent dialled."""
        await self._control("POST", f"calls/{call}/answer")

    async def hang_up(self, call: str) -> None:
        """Let the customer hang up."""
        await self._control("POST", f"calls/{call}/drop")

    async def calls(self) -> list[str]:
        return [call["id"] for call in await self._control("GET", "calls")]

    async def arm(self, kind: str, **fault: Any) -> None:
        await self._control("POST", "faults", {"kind": kind, **fault})

    async def requests(self, *methods: str) -> list[str]:
        """Return the paths of the REST requests so far, of all methods or the given ones."""
        return [
            request["path"]
            for request in await self._control("GET", "requests")
            if request["path"].startswith("/finesse/")
            and (not methods or request["method"] in methods)
        ]

    def clear_faults(self) -> None:
        self.sandbox.faults.disarm()

    async def change_password(self, agent: str, password: str) -> None:
        await self._control("PUT", f"users/{agent}", {"password": password})

    async def force_state(self, agent: str, state: str) -> None:
        """Change a user's state as their own desktop does, without its reasons."""
        await self._control("PUT", f"users/{agent}", {"state": state})

    def forget_requests(self) -> None:
        self.sandbox.requests.clear()

    async def _control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.http.request(method, f"/sandbox/{path}", json=body)
        assert response.status_code in (200, 201), response.text
        return response.json()

    # ---- agents

    async def sign_in(self, agent: str, extension: str = "") -> None:
        credential = self._credential(agent)
        await self.client.sign_in(credential, agent, extension or agent)

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> None:
        await self.client.set_state(self._credential(agent), agent, state, reason)

    async def user(self, agent: str) -> User:
        return await self.client.user(self._credential(agent), agent)

    async def state(self, agent: str) -> str:
        return (await self.user(agent)).state

    async def dialogs(self, agent: str) -> tuple[Dialog, ...]:
        return await self.client.dialogs(self._credential(agent), agent)

    async def dialog(self, agent: str, call: str) -> Dialog:
        return await self.client.dialog(self._credential(agent), call)

    async def variables(self, agent: str, call: str) -> dict[str, str]:
        dialog = await self.dialog(agent, call)
        return {each.name: each.value for each in dialog.properties.call_variables}

    async def act(self, call: str, agent: str, action: str, to: str = "") -> None:
        """Let an agent act on a call, as in ANSWER, HOLD, TRANSFER."""
        await self.client.take_action(self._credential(agent), call, action, agent, to)

    def _credential(self, agent: str) -> Credential:
        deadline = asyncio.get_running_loop().time() + REQUEST_SECONDS
        return Credential(basic(agent, PASSWORD), deadline)
