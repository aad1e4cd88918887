"""The sandbox's REST API: sign-in, states, access rules and error documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from callcard.errors import CredentialsRejected, FinesseRefused, NotPermitted
from callcard.finesse import messages
from callcard.finesse.client import basic
from callcard.finesse.objects import MobileAgent, SystemInfo
from finesse_sandbox.app import Sandbox
from tests.harness.finesse import (
    UCCX,
    EventRecorder,
    SandboxServer,
    error_type,
    sandbox_without_sockets,
)

pytestmark = pytest.mark.anyio
ENTITY = "<!DOCTYPE User [<!ENTITY a 'READY'>]><User><state>&a;</state></User>"
LOGOUT_REASON = "<User><state>NOT_READY</state><reasonCodeId>4</reasonCodeId></User>"
NO_ADDRESSES = "<Dialog><requestedAction>MAKE_CALL</requestedAction></Dialog>"


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[SandboxServer]:
    async with sandbox_without_sockets(**getattr(request, "param", {})) as opened:
        yield opened


# ---- sign-in and states


async def test_sign_in_is_accepted_and_confirmed_by_event(
    rest: httpx.AsyncClient, finesse: Sandbox
) -> None:
    recorder = EventRecorder(finesse, "1002")
    response = await rest.put(
        "/finesse/api/User/1002",
        content="<User><state>LOGIN</state><extension>1002</extension></User>",
        auth=("1002", "callcard"),
        headers={"requestId": "r1"},
    )
    assert response.status_code == 202
    assert response.content == b""
    assert response.headers["requestid"] == "r1"
    ((node, update),) = recorder.updates
    assert node == "/finesse/api/User/1002"
    assert update.findtext("requestId") == "r1"
    assert next(child.tag for child in update) == "data"
    assert update.findtext("data/user/state") == "NOT_READY"
    assert update.findtext("data/user/reasonCodeId") == "-1"


async def test_mobile_agent_signs_in_with_a_dial_number(server: SandboxServer) -> None:
    mobile = MobileAgent(mode="CALL_BY_CALL", dial_number="+12125550100")
    credential = server.credential("1003")
    await server.client.sign_in(credential, "1003", "1003", mobile)
    assert (await server.client.user(credential, "1003")).mobile_agent == mobile


async def test_sign_in_with_invalid_or_busy_extension_fails_by_event(
    server: SandboxServer,
) -> None:
    events = server.events("1003")
    for extension, type in [("4711", "Invalid Device"), ("1001", "Device Busy")]:
        command = await server.client.sign_in(server.credential("1003"), "1003", extension)
        assert events.error(command)["errorType"] == type


@pytest.mark.parametrize("server", [UCCX], indirect=True)
async def test_uccx_sign_in_takes_the_extension_over(server: SandboxServer) -> None:
    await server.client.sign_in(server.credential("1003"), "1003", "1001")
    users = {user["id"]: user for user in await server.control("GET", "users")}
    assert users["1001"]["state"] == "LOGOUT"
    assert users["1001"]["reason_code"] == 32741
    assert users["1003"]["extension"] == "1001"


@pytest.mark.parametrize("server", [UCCX], indirect=True)
async def test_uccx_extension_is_not_taken_over_during_a_call(server: SandboxServer) -> None:
    server.sandbox.agents.change_state(server.user(), "READY")
    id = server.ring()
    await server.act(id, "ANSWER")
    events = server.events("1003")
    command = await server.client.sign_in(server.credential("1003"), "1003", "1001")
    assert events.error(command)["errorType"] == "Device Busy"
    assert server.user().state == "TALKING"


async def test_supervisor_sets_states_of_their_own_team_only(server: SandboxServer) -> None:
    supervisor = server.credential("2001")
    await server.client.set_state(supervisor, "1001", "READY", None)
    await server.client.set_state(supervisor, "1001", "NOT_READY", None)
    user = server.user()
    assert user.state == "NOT_READY"
    assert user.reason
    assert user.reason.code == 999
    with pytest.raises(FinesseRefused, match="reason"):
        await server.client.set_state(supervisor, "1001", "LOGOUT", "4")
    await server.client.set_state(supervisor, "1001", "LOGOUT", None)
    assert server.user().state == "LOGOUT"
    reason = server.user().reason
    assert reason
    assert (reason.category, reason.code) == ("LOGOUT", 999)
    await server.control("PUT", "users/1002", {"team": "2"})
    with pytest.raises(NotPermitted):
        await server.client.set_state(supervisor, "1002", "READY", None)
    with pytest.raises(NotPermitted):
        await server.client.set_state(server.credential("1002"), "1001", "READY", None)


async def test_five_wrong_passwords_lock_the_agent_out(rest: httpx.AsyncClient) -> None:
    for _ in range(5):
        assert (await rest.get("/finesse/api/User/1001", auth=("1001", "wrong"))).status_code == 401
    assert (await rest.get("/finesse/api/User/1001")).status_code == 401


# ---- teams and system


async def test_team_lists_signed_out_agents_on_request_only(rest: httpx.AsyncClient) -> None:
    supervisor = ("2001", "callcard")
    for query, expected in [
        ("?includeLoggedOutAgents=true", ["1001", "1002", "1003", "2001"]),
        ("", ["1001"]),
    ]:
        response = await rest.get(f"/finesse/api/Team/1{query}", auth=supervisor)
        users = etree.fromstring(response.content).iter("User")
        assert [user.findtext("loginId") for user in users] == expected


async def test_system_info_needs_no_credentials(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/finesse/api/SystemInfo?nocache=1", auth=None)
    info = messages.read(response.content, SystemInfo)
    assert info.status == "IN_SERVICE"
    assert info.deployment_type == "UCCE"


# ---- errors


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "type"),
    [
        ("GET", "User/9999", None, 404, "User Not Found"),
        ("GET", "User/1002", None, 401, "Invalid Authorization User Specified"),
        ("PUT", "User/1001", "<User/>", 400, "Parameter Missing"),
        ("PUT", "User/1001", "<User><state>SLEEPING</state></User>", 400, "Invalid Input"),
        ("PUT", "User/1001", "<User><state>NOT_READY</state></User>", 400, "Parameter Missing"),
        ("PUT", "User/1001", LOGOUT_REASON, 400, "Invalid Input"),
        ("PUT", "User/1001", "<user><state>READY</state></user>", 400, "Bad Request"),
        ("PUT", "User/1001", "<User><state>", 400, "Bad Request"),
        ("PUT", "User/1001", ENTITY, 400, "Bad Request"),
        ("GET", "User/1001/ReasonCodes", None, 400, "Parameter Missing"),
        ("GET", "Dialog/1", None, 404, "Dialog Not Found"),
        ("PUT", "Dialog/1", "<Dialog/>", 404, "Dialog Not Found"),
        ("POST", "User/1001/Dialogs", NO_ADDRESSES, 400, "Parameter Missing"),
        ("GET", "Team/1", None, 401, "Authorization Failure"),
    ],
)
async def test_invalid_request_gets_finesse_error(
    rest: httpx.AsyncClient, method: str, path: str, body: str | None, status: int, type: str
) -> None:
    response = await rest.request(method, f"/finesse/api/{path}", content=body)
    assert response.status_code == status
    assert error_type(response) == type


async def test_unknown_path_or_method_gets_xml_error(server: SandboxServer) -> None:
    unknown = await server.request("GET", "Nonsense/1")
    assert unknown.status_code == 404
    for method, path, allowed in [
        ("POST", "User/1001", "GET, HEAD, OPTIONS, PUT"),
        ("DELETE", "User/1001/Dialogs", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "Users", "GET, HEAD, OPTIONS"),
    ]:
        response = await server.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed), path
        assert etree.fromstring(response.content).tag == "ApiErrors"
        asked = await server.request("OPTIONS", path)
        assert (asked.status_code, asked.headers["allow"]) == (200, allowed), path
    assert (await server.request("PUT", "Dialog/")).status_code == 405


async def test_wrong_password_gets_a_page_instead_of_xml(server: SandboxServer) -> None:
    """As recorded: Tomcat answers before Finesse sees the request."""
    response = await server.http.get("/finesse/api/User/1001", auth=("1001", "wrong"))
    assert (response.status_code, response.headers["content-type"]) == (
        401,
        "text/html; charset=utf-8",
    )
    with pytest.raises(CredentialsRejected):
        await server.client.user(server.credential(password="wrong"), "1001")


async def test_user_is_found_by_login_name(server: SandboxServer) -> None:
    await server.control("PUT", "users/1001", {"login_name": "ana@site.example"})
    response = await server.request("GET", "User/ana%40site.example")
    user = messages.read_user(response.content)
    assert (user.login_id, user.login_name) == ("1001", "ana@site.example")
    assert user.uri == "/finesse/api/User/1001"


async def test_reasons_exist_only_in_states_that_have_them(server: SandboxServer) -> None:
    """As recorded: reasonCode in lower case, and absent in READY, RESERVED and TALKING."""
    events = server.events()
    await server.client.set_state(server.credential(), "1001", "NOT_READY", "1")
    await server.client.set_state(server.credential(), "1001", "READY", None)
    not_ready, ready = (update.find("data/user") for _node, update in events.updates)
    assert not_ready is not None
    assert ready is not None
    assert not_ready.findtext("reasonCode/label") == "Lunch"
    assert not_ready.findtext("reasonCodeId") == "1"
    assert ready.find("reasonCode") is None
    assert ready.find("reasonCodeId") is None
    order = [str(child.tag) for child in not_ready]
    assert order == sorted(order)


async def test_user_cannot_act_for_another_one(server: SandboxServer) -> None:
    id = server.ring()
    dialog = "<Dialog><targetMediaAddress>1001</targetMediaAddress>{}</Dialog>"
    content = dialog.format("<requestedAction>ANSWER</requestedAction>")
    login = "<User><state>LOGIN</state><extension>1001</extension></User>"
    for path, body in [(f"Dialog/{id}", content), ("User/1001", login)]:
        rejected = await server.request("PUT", path, body, "2001")
        assert rejected.status_code == 401
        assert error_type(rejected) == "Invalid Authorization User Specified"


SEGMENTS = [
    "User",
    "1001",
    "Dialogs",
    "Dialog",
    "Team",
    "1",
    "TeamResource",
    "Media",
    "5000",
    "Queue",
    "PhoneBooks",
    "SystemInfo",
]
PATHS = st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=6), max_size=4)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE"])
BODIES = st.binary(max_size=60) | st.sampled_from([b"<User/>", b"<Dialog/>"])


async def test_no_request_causes_an_internal_error(server: SandboxServer) -> None:
    transport = httpx.ASGITransport(server.sandbox.app)  # raises what the application raises

    async def send(parts: list[str], method: str, body: bytes) -> int:
        headers = {"Authorization": basic("1001", "callcard")}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            path = "/finesse/api/" + "/".join(quote(part, safe="") for part in parts)
            response = await http.request(method, path, content=body, headers=headers)
        if response.content and response.headers["content-type"].startswith("application/xml"):
            etree.fromstring(response.content)
        return response.status_code

    @settings(max_examples=150)
    @given(PATHS, METHODS, BODIES)
    def check(parts: list[str], method: str, body: bytes) -> None:
        assert asyncio.run(send(parts, method, body)) < 500

    await asyncio.to_thread(check)
