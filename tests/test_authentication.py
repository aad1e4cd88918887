"""Credentials of agents: verified with Finesse, cached, and never presented twice if rejected."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request

from callcard.api.auth import HEADER_LIMIT_CHARACTERS, AgentAuthenticator
from callcard.api.lockout import LockoutMemory
from callcard.errors import FinesseOutOfService
from callcard.finesse.client import FinesseClient, basic
from callcard.finesse.cluster import Cluster
from callcard.finesse.nodes import Node
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.contact_centre import service_client
from tests.harness.problems import problem_code
from tests.harness.sandbox import SandboxDriver, new_sandbox

pytestmark = pytest.mark.anyio

WRONG_PASSWORD = ("1001", "wrong")


async def test_verified_credential_is_cached(ana: httpx.AsyncClient, driver: SandboxDriver) -> None:
    for _ in range(3):
        assert (await ana.get("/contacts", params={"number": "1"})).status_code == 200
    assert await driver.requests() == ["/finesse/api/User/1001"]


async def test_wrong_password_is_presented_to_finesse_once(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    for _ in range(10):
        response = await ana.get("/me", auth=WRONG_PASSWORD)
        assert problem_code(response, 401) == "credentials-rejected"
        assert response.headers["www-authenticate"] == 'Bearer realm="Finesse"'
    assert len(await driver.requests()) == 1
    assert (await ana.get("/me")).status_code == 200, "the right password still works"


async def test_simultaneous_requests_with_a_wrong_password_are_one_attempt(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    requests = (ana.get("/me", auth=WRONG_PASSWORD) for _ in range(20))
    responses = await asyncio.gather(*requests)
    assert {response.status_code for response in responses} == {401}
    assert len(await driver.requests()) == 1


async def test_changed_password_is_presented_to_finesse_once(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    await ana.get("/me")
    await driver.change_password("1001", "changed")
    driver.forget_requests()
    for _ in range(3):
        assert problem_code(await ana.get("/me"), 401) == "credentials-rejected"
    assert len(await driver.requests()) == 1
    assert (await ana.get("/me", auth=("1001", "changed"))).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "credentials-missing"),
        ({"Authorization": "Digest x"}, 401, "credentials-missing"),
        ({"Authorization": "Basic"}, 400, "malformed-request"),
        ({"Authorization": "Basic !!!"}, 400, "malformed-request"),
        ({"Authorization": b"Basic \xe9"}, 400, "malformed-request"),
        ({"Authorization": b"Bearer \xe9", "X-Finesse-User": "1001"}, 400, "malformed-request"),
        ({"Authorization": "Basic bm9jb2xvbg=="}, 400, "malformed-request"),
        ({"Authorization": "Bearer token"}, 401, "credentials-missing"),
        ({"Authorization": "Bearer token", "X-Finesse-User": "1001"}, 401, "credentials-rejected"),
        ({"Authorization": "Basic " + "A" * HEADER_LIMIT_CHARACTERS}, 431, "header-too-large"),
    ],
)
async def test_unusable_credentials_are_a_problem(
    service: Starlette, headers: dict[str, Any], status: int, code: str
) -> None:
    async with service_client(service) as client:
        assert problem_code(await client.get("/me", headers=headers), status) == code


async def test_agent_who_signs_in_on_another_extension_acts_from_there(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    await ana.get("/calls")
    await driver.set_state("1001", "LOGOUT", "4")
    await driver.sign_in("1001", "1003")
    call = await driver.ring("1003")
    # Finesse rejects the command from the extension that was cached, which is then read again.
    assert problem_code(await ana.post(f"/calls/{call}/answer"), 403) == "not-permitted"
    assert (await ana.post(f"/calls/{call}/answer")).status_code == 202


async def test_requests_go_to_the_node_of_the_desktop() -> None:
    driver = SandboxDriver(new_sandbox(SandboxSettings(host="finesse", nodes=2, ports=(80, 81))))
    await driver.sign_in("1001")
    transport = RecordingTransport(driver.sandbox)
    clients = [
        httpx.AsyncClient(transport=transport, base_url=url)
        for url in ("http://finesse", "http://finesse:81")
    ]
    cluster = Cluster(
        [
            Node("finesse:80", FinesseClient(clients[0])),
            Node("finesse:81", FinesseClient(clients[1])),
        ]
    )
    authenticator = AgentAuthenticator(
        cluster,
        cache_seconds=0.001,
        lockout_seconds=300,
        deadline_seconds=2,
        memory=LockoutMemory(),
    )
    authorization = basic("1001", "callcard")

    async def chosen_node(header: str) -> str:
        transport.nodes.clear()
        await asyncio.sleep(0.002)  # the cached verification expires
        headers = Headers({"Authorization": authorization, "X-Finesse-Node": header})
        request = Request({"type": "http", "headers": headers.raw})
        agent = await authenticator.authenticate(request)
        return agent.node.name

    assert await chosen_node("") == "finesse:80"
    assert await chosen_node("finesse:81") == "finesse:81"
    assert transport.nodes == ["finesse:81"]
    # An address from a request is never called.
    assert await chosen_node("evil.example:443") == "finesse:80"
    await driver.arm("node", node="A")
    with pytest.raises(FinesseOutOfService):
        await chosen_node("")
    assert await chosen_node("") == "finesse:81", "the next request goes to the node in service"
    authenticator.close()


class RecordingTransport(httpx.AsyncBaseTransport):
    """Reaches both nodes of a sandbox and records which one each request goes to."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.nodes: list[str] = []
        self._apps = sandbox.apps

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port or 80
        self.nodes.append(f"{request.url.host}:{port}")
        app = self._apps[1] if port == 81 else self._apps[0]
        return await httpx.ASGITransport(app).handle_async_request(request)
