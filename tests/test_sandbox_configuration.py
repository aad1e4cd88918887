"""The sandbox's configured resources: reasons, phone books, layouts, workflows, queues, media."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from lxml import etree

from callcard.errors import FinesseRefused, NotFound, NotPermitted
from callcard.finesse.client import Command, FinesseClient, basic
from tests.harness.finesse import API, SandboxServer, error_type, sandbox_without_sockets

pytestmark = pytest.mark.anyio
REASON = (
    "<ReasonCode><category>NOT_READY</category><code>99</code><label>Training</label></ReasonCode>"
)


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_without_sockets(nodes=2) as opened:
        yield opened


@pytest.fixture
async def secondary(server: SandboxServer) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to node B."""
    transport = httpx.ASGITransport(server.sandbox.apps[1])
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


async def test_team_resources_are_read_by_user_and_by_team(server: SandboxServer) -> None:
    mine = server.credential()
    codes = await server.client.reason_codes(mine, "1001", "NOT_READY")
    assert "Lunch" in [code.label for code in codes]
    assert "Sale" in [r.label for r in await server.client.wrap_up_reasons(mine, "1001")]
    assert await server.texts("User/1001/ReasonCode/1", "label") == ["Lunch"]
    assert await server.texts("ReasonCode?category=NOT_READY&code=11", "label") == ["Meeting"]
    assert (await server.request("GET", "ReasonCode?category=LOGOUT&code=11")).status_code == 404
    assert await server.texts("User/1001/WrapUpReason/1", "label") == ["Sale"]
    assert await server.texts("User/1001/MediaPropertiesLayout", "header/entry/mediaProperty")
    for owner in ("User/1001", "TeamResource/1"):
        reasons = f"{owner}/ReasonCodes?category=NOT_READY"
        assert "Lunch" in await server.texts(reasons, "ReasonCode/label")
        assert "Sale" in await server.texts(f"{owner}/WrapUpReasons", "WrapUpReason/label")
        header = "MediaPropertiesLayout/header/entry/mediaProperty"
        assert await server.texts(f"{owner}/MediaPropertiesLayouts", header) == ["callVariable1"]
        workflows = f"{owner}/Workflows"
        assert await server.texts(workflows, "Workflow/TriggerSet/name") == ["CALL_ARRIVES"]
        handled_by = "Workflow/workflowActions/WorkflowAction/handledBy"
        assert (await server.texts(workflows, handled_by))[0] == "OTHER"
    assert [queue.name for queue in await server.client.queues(mine, "1001")] == [
        "Support",
        "Sales",
    ]
    queue = await server.client.queue(mine, "10")
    assert queue.statistics
    assert queue.statistics.calls_in_queue == "0"
    team = await server.client.team(server.credential("2001"), "1")
    assert [user.login_id for user in team.users] == ["1001", "1002", "1003", "2001"]
    assert len(await server.client.users(server.credential("admin"))) == 5
    assert await server.texts("UserAuthMode/1001", "authMode") == ["NON_SSO"]
    with pytest.raises(NotFound):
        await server.client.queue(mine, "99")


async def test_administrator_configures_reasons_on_the_primary_node(
    server: SandboxServer, secondary: httpx.AsyncClient
) -> None:
    async def as_admin(method: str, path: str, content: str | None = None) -> httpx.Response:
        return await server.request(method, path, content, "admin")

    created = await as_admin("POST", "ReasonCode", REASON)
    assert created.status_code == 200
    location = created.headers["location"].removeprefix(f"{API}/")
    mine = server.credential()
    codes = await server.client.reason_codes(mine, "1001", "NOT_READY")
    assert codes[-1].label == "Training"
    await server.client.set_state(mine, "1001", "NOT_READY", location.rpartition("/")[2])
    (user,) = [user for user in await server.control("GET", "users") if user["id"] == "1001"]
    assert user["reason_code"] == 99
    renamed = "<ReasonCode><label>Coaching</label></ReasonCode>"
    assert (await as_admin("PUT", location, renamed)).status_code == 200
    assert b"Coaching" in (await as_admin("GET", "ReasonCodes?category=NOT_READY")).content
    for content, type in [
        (REASON, "Finesse API Error"),
        (REASON.replace("99", "0"), "Invalid Input"),
        ("<ReasonCode/>", "Parameter Missing"),
    ]:
        rejected = await as_admin("POST", "ReasonCode", content)
        assert rejected.status_code == 400
        assert error_type(rejected) == type
    assert (await as_admin("DELETE", location)).status_code == 200
    assert (await as_admin("DELETE", location)).status_code == 404
    refund = "<WrapUpReason><label>Refund</label></WrapUpReason>"
    location = (await as_admin("POST", "WrapUpReason", refund)).headers["location"]
    reasons = await server.client.wrap_up_reasons(mine, "1001")
    assert "Refund" in [reason.label for reason in reasons]
    assert (await as_admin("DELETE", location.removeprefix(f"{API}/"))).status_code == 200
    assert (await server.request("POST", "ReasonCode", REASON)).status_code == 401
    admin = {"Authorization": basic("admin", "callcard")}
    response = await secondary.post(f"{API}/ReasonCode", content=REASON, headers=admin)
    assert response.status_code == 403


def _contacts(count: int) -> list[dict[str, Any]]:
    return [
        {"first_name": f"First{number}", "last_name": "Last", "number": str(number)}
        for number in range(count)
    ]


async def test_phone_books_are_read_in_ranges(server: SandboxServer) -> None:
    contacts = _contacts(1700)
    books = [
        {"id": "1", "name": "All", "type": "GLOBAL", "contacts": contacts},
        {"id": "2", "name": "Ours", "type": "TEAM", "contacts": contacts},
    ]
    await server.control("PUT", "site", {"phone_books": books})
    found = await server.client.phone_books(server.credential(), "1001")
    assert [(book.name, len(book.contacts)) for book in found] == [("All", 1700), ("Ours", 1700)]
    assert found[0].contacts[1699].phone_number == "1699"
    requests = await server.control("GET", "requests")
    statuses = [each["status"] for each in requests if each["path"].endswith("PhoneBooks")]
    assert statuses == [206, 206, 206]
    part = await server.request("GET", "TeamResource/1/PhoneBooks", Range="objects=1601-1800")
    assert part.status_code == 206
    books_in_part = etree.fromstring(part.content)
    assert [len(book.findall("Contacts/Contact")) for book in books_in_part] == [100, 100]


async def test_administrator_changes_layouts_on_the_primary_node(
    server: SandboxServer, secondary: httpx.AsyncClient
) -> None:
    admin = server.credential("admin")
    layout = (await server.client.layout(admin)).layoutxml
    changed = layout.replace("<tabs/>", "<tabs><tab><id>t</id><label>New</label></tab></tabs>")
    await server.client.set_layout(admin, changed)
    await server.client.set_team_layout(admin, "1", layout)
    assert (await server.client.team_layout(admin, "1")).use_default == "false"
    await server.client.set_team_layout(admin, "1", None)
    assert (await server.client.team_layout(admin, "1")).layoutxml == changed
    with pytest.raises(FinesseRefused, match="layoutxml"):
        await server.client.set_layout(admin, "<nonsense/>")
    with pytest.raises(NotPermitted):
        await FinesseClient(secondary).layout(admin)


async def _set_media(server: SandboxServer, content: str) -> Command:
    command = Command(str(uuid.uuid4()), f"{API}/User/1001/Media/5000")
    response = await server.request(
        "PUT",
        "User/1001/Media/5000",
        f"<Media>{content}</Media>",
        requestId=command.request_id,
    )
    assert response.status_code == 202, response.text
    return command


async def test_task_is_offered_worked_and_closed(server: SandboxServer) -> None:
    events = server.events("1001", f"{API}/User/1001/Dialogs/Media")
    sign_in = "<state>LOGIN</state><maxDialogLimit>2</maxDialogLimit>"
    await _set_media(server, sign_in)
    assert await server.texts("User/1001/Media/5000", "state") == ["NOT_READY"]
    error = events.error(await _set_media(server, sign_in))
    assert error["errorMessage"] == "E_ARM_STAT_AGENT_ALREADY_LOGGED_IN"
    assert error["errorMedia"] == "5000"
    await _set_media(server, "<state>READY</state>")
    events.take()
    offer = {"to": "1001", "media": "5000", "variables": {"callVariable1": "chat"}}
    id = (await server.control("POST", "tasks", offer))["id"]
    offered = events.take()[0]
    assert offered.findtext("data/dialogs/Dialog/id") == id
    assert offered.findtext("data/dialogs/Dialog/mediaType") == "Cisco_Chat_MRD"
    assert offered.findtext("data/dialogs/Dialog/fromAddress") == ""
    for action, state in [
        ("ACCEPT", "ACCEPTED"),
        ("START", "ACTIVE"),
        ("PAUSE", "PAUSED"),
        ("RESUME", "ACTIVE"),
    ]:
        await server.act(id, action)
        assert await server.texts("User/1001/Dialogs/Media", "Dialog/state") == [state]
    assert await server.texts("User/1001/Media/5000", "state") == ["ACTIVE"]
    for state in ("NOT_READY", "READY"):
        await _set_media(server, f"<state>{state}</state>")
    # Ready for more: the task goes on.
    assert await server.texts("User/1001/Media/5000", "state") == ["ACTIVE"]
    await server.act(id, "CLOSE")
    assert await server.texts("User/1001/Dialogs/Media", "Dialog/state") == []
    assert await server.texts("User/1001/Media", "Media/state") == ["READY", "LOGOUT"]


async def test_team_message_is_published_and_client_log_is_kept(server: SandboxServer) -> None:
    events = server.events("1001", f"{API}/TeamMessage/Team/1")
    supervisor = server.credential("2001")
    await server.client.send_team_message(supervisor, "Lunch is ready", 300, ("1",))
    (sent,) = events.take()
    message = sent.find("data/teamMessage")
    assert message is not None
    assert message.findtext("content") == "Lunch is ready"
    assert message.findtext("teams/team") == "1"
    assert message.findtext("createdBy") == "2001"
    await server.client.delete_team_message(supervisor, message.findtext("id", ""))
    assert [update.findtext("event") for update in events.take()] == ["DELETE"]
    with pytest.raises(FinesseRefused, match="255"):
        await server.client.send_team_message(supervisor, "x" * 256, 300, ("1",))
    log = "<ClientLog><logData>a line\nanother &lt;line&gt;</logData></ClientLog>"
    assert (await server.request("POST", "User/1001/ClientLog", log)).status_code == 202
    logs = await server.control("GET", "logs")
    assert logs == [{"user": "1001", "log": "a line\nanother <line>"}]


CONTACT = (
    "<Contact><firstName>New</firstName><lastName>Branch</lastName>"
    "<phoneNumber>+33199001234</phoneNumber><description>Lyon</description></Contact>"
)


async def test_administrator_changes_contacts_of_a_phone_book(server: SandboxServer) -> None:
    created = await server.request("POST", "PhoneBook/2/Contact", CONTACT, "admin")
    assert created.status_code == 200
    path = created.headers["location"].removeprefix(f"{API}/")
    assert await server.texts(path, "phoneNumber", "admin") == ["+33199001234"]
    changed = "<Contact><phoneNumber>+33199001235</phoneNumber></Contact>"
    assert (await server.request("PUT", path, changed, "admin")).status_code == 200
    # Deleting one leaves the others their ids.
    deleted = await server.request("DELETE", "PhoneBook/2/Contact/1", user="admin")
    assert deleted.status_code == 200
    names = await server.texts("PhoneBook/2/Contacts", "Contact/firstName")
    assert names == ["Bilal", "New"]
    assert await server.texts(path, "firstName", "admin") == ["New"]
    (book,) = [
        each
        for each in await server.client.phone_books(server.credential(), "1001")
        if each.name == "Team"
    ]
    assert [contact.phone_number for contact in book.contacts] == ["1002", "+33199001235"]
    assert (await server.request("DELETE", path, user="admin")).status_code == 200
    assert (await server.request("GET", path, user="admin")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "user", "status"),
    [
        ("POST", "PhoneBook/9/Contact", CONTACT, "admin", 404),
        ("POST", "PhoneBook/2/Contact", CONTACT, "1001", 401),
        ("POST", "PhoneBook/2/Contact", "<Contact/>", "admin", 400),
        ("PUT", "PhoneBook/2/Contact/x", CONTACT, "admin", 404),
        ("DELETE", "PhoneBook/2/Contact/99", None, "admin", 404),
    ],
)
async def test_change_of_a_contact_is_rejected(
    server: SandboxServer, method: str, path: str, body: str | None, user: str, status: int
) -> None:
    assert (await server.request(method, path, body, user)).status_code == status


async def test_documented_configuration_is_read(server: SandboxServer) -> None:
    admin = "admin"
    assert "user.case" in await server.texts("ECCVariableConfig", "ECCVariable/name")
    assert await server.texts("MediaDomain", "MediaDomain/name") == [
        "Cisco_Chat_MRD",
        "Cisco_Email_MRD",
    ]
    assert await server.texts("ConnectedUsersInfo", "userSummary/totalConnectedUsers", admin)
    assert await server.texts("Workflows", "Workflow/name", admin) == ["Pop the caller"]
    assert await server.texts("WorkflowAction/1", "type", admin) == ["BROWSER_POP"]
    assert await server.texts("MediaPropertiesLayout/default", "name", admin) == ["Default"]
    assert await server.texts("PhoneBook/1", "name", admin) == ["Branches"]
    assert await server.texts("User?loginName=1001", "loginId") == ["1001"]
    assert await server.texts("User/1001/", "loginId") == ["1001"]
    for path in ("ConnectedUsersInfo", "Workflows", "MediaPropertiesLayout/default"):
        assert (await server.request("GET", path)).status_code in (401, 403), path
    assert (await server.request("GET", "User")).status_code == 400
