"""The service by its front door: an agent's requests in, the stand-in Finesse behind it."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers

from callcard.api.auth import HEADER_LIMIT, Door
from callcard.api.lockout import Shared
from callcard.api.openapi import document
from callcard.crm.local import Entry, LocalContacts
from callcard.errors import FinesseOutOfService, all_errors
from callcard.finesse.client import FinesseClient, basic
from callcard.finesse.cluster import Cluster, Node
from callcard.settings import Settings
from callcard.telephony.numbers import read
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.conftest import AGENT

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def ada(contacts: LocalContacts) -> None:
    numbers = [(read("+1 212 555 0123", "US"), "office")]
    contacts.write(
        [
            Entry(
                key="id:1",
                name="Ada Lovelace",
                company="Analytical Engines",
                numbers=numbers,
                flags=["VIP"],
            )
        ]
    )


def code(answer: httpx.Response, status: int) -> str:
    """The problem's code, after checking that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "code"} <= problem.keys()
    told: str = problem["code"]
    return told


# ---- who is asking


async def test_me_is_the_agent_with_the_reasons_to_choose_from(desk: httpx.AsyncClient) -> None:
    me = (await desk.get("/me")).json()
    assert (me["id"], me["name"], me["extension"], me["state"]) == (
        "1001",
        "Ana Costa",
        "1001",
        "NOT_READY",
    )
    assert {"id": "1", "code": "10", "label": "Lunch"} in me["not_ready_reasons"]
    assert me["sign_out_reasons"]


async def test_a_proved_credential_is_not_proved_again(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    for _ in range(3):
        assert (await desk.get("/contacts", params={"number": "1"})).status_code == 200
    assert [r["path"] for r in finesse.requests] == ["/finesse/api/User/1001"]


async def test_a_wrong_password_is_asked_of_finesse_once(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    for _ in range(10):
        answer = await desk.get("/me", auth=("1001", "wrong"))
        assert code(answer, 401) == "credentials-rejected"
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert len(finesse.requests) == 1
    assert (await desk.get("/me")).status_code == 200, "the agent is not locked out"


async def test_many_at_once_with_a_wrong_password_count_as_one_try(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    import asyncio

    answers = await asyncio.gather(*(desk.get("/me", auth=("1001", "wrong")) for _ in range(20)))
    assert {a.status_code for a in answers} == {401}
    assert len(finesse.requests) == 1


@pytest.mark.parametrize(
    ("headers", "status", "told"),
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
        ({"Authorization": "Basic " + "A" * HEADER_LIMIT}, 431, "header-too-large"),
    ],
)
async def test_credentials_that_are_none(
    service: Starlette, headers: dict[str, Any], status: int, told: str
) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service), base_url="http://desk"
    ) as stranger:
        assert code(await stranger.get("/api/v1/me", headers=headers), status) == told


async def test_an_agent_who_signs_in_on_another_phone_acts_from_there(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    await desk.get("/calls")
    agent = finesse.agents.users["1001"]
    agent.extension = "1009"
    call = finesse.switch.ring("+12125550123", "1009")
    assert code(await desk.post(f"/calls/{call.id}/answer"), 403) == "not-permitted"
    agent.extension = "1001"


# ---- state and calls


async def test_state_with_a_reason(desk: httpx.AsyncClient, finesse: Sandbox) -> None:
    answer = await desk.put("/me/state", json={"state": "NOT_READY", "reason": "2"})
    assert answer.status_code == 202
    assert answer.json()["outcome"] == "pending"
    assert finesse.agents.users["1001"].reason_id == "2"
    assert (await desk.get("/me")).json()["reason"]["label"] == "Meeting"


async def test_a_reason_that_finesse_wants_is_told_in_its_words(desk: httpx.AsyncClient) -> None:
    answer = await desk.put("/me/state", json={"state": "NOT_READY"})
    assert code(answer, 409) == "finesse-refused"
    assert answer.json()["finesse"] == {
        "type": "Parameter Missing", "message": "Reason code is required", "data": "reasonCodeId",
    }  # fmt: skip


@pytest.mark.parametrize("settings", [{"finesse_deadline": 3.0}], indirect=True)
async def test_who_waits_is_told_the_outcome(desk: httpx.AsyncClient, finesse: Sandbox) -> None:
    answer = await desk.put("/me/state?wait=2", json={"state": "READY"})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "confirmed")
    call = finesse.switch.ring("+12125550123", "1001", "Support")
    for action in ("answer", "hold", "retrieve", "drop"):
        assert (await desk.post(f"/calls/{call.id}/{action}?wait=2")).json()[
            "outcome"
        ] == "confirmed"
    assert (await desk.post("/calls?wait=2", json={"to": "+1 212 555 0199"})).json()[
        "outcome"
    ] == "confirmed"
    (dialog,) = finesse.switch.dialogs
    finesse.faults.arm("unavailable", method="GET", path="/finesse/api/User/1001/Dialogs", times=50)
    assert code(await desk.post(f"/calls/{dialog}/drop?wait=0.5"), 503) == "finesse-out-of-service"
    assert not any(r["method"] == "PUT" and r["path"].endswith(dialog) for r in finesse.requests), (
        "nothing was sent"
    )
    for wrong in ("soon", "-1", "31", "nan"):
        assert code(await desk.post(f"/calls/{dialog}/drop?wait={wrong}"), 422) == "invalid-field"


async def test_what_was_so_before_is_not_called_done(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    call = finesse.switch.ring("+12125550123", "1001", "Support")
    finesse.switch.act(call, "1001", "ANSWER")
    assert (await desk.post(f"/calls/{call.id}/answer?wait=0.4")).json()["outcome"] == "unknown"


async def test_what_finesse_does_not_do_is_not_called_done(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    call = finesse.switch.ring("+12125550123", "1001", "Support")
    assert (await desk.post(f"/calls/{call.id}/hold?wait=0.4")).json()["outcome"] == "unknown"


async def test_requests_go_to_the_node_that_the_desktop_is_on() -> None:
    finesse = Sandbox(SandboxSettings(host="finesse", nodes=2, ports=(80, 81)))
    finesse.agents.sign_in(finesse.agents.users["1001"], "1001", "")
    asked: list[str] = []

    async def reach(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host}:{request.url.port or 80}")
        app = finesse.apps[1] if request.url.port == 81 else finesse.apps[0]
        return await httpx.ASGITransport(app).handle_async_request(request)

    clients = [
        httpx.AsyncClient(transport=Reaching(reach), base_url=url)
        for url in ("http://finesse", "http://finesse:81")
    ]
    cluster = Cluster(
        [
            Node("finesse:80", FinesseClient(clients[0])),
            Node("finesse:81", FinesseClient(clients[1])),
        ]
    )
    door = Door(cluster, remember=0.001, lockout=300, deadline=2, shared=Shared())
    headers = {"Authorization": basic("1001", "callcard")}

    async def node(told: str) -> str:
        asked.clear()
        await asyncio.sleep(0.002)
        agent = await door.admit(Headers(headers | {"X-Finesse-Node": told}))
        return agent.node.name

    assert await node("") == "finesse:80"
    assert (await node("finesse:81"), asked) == ("finesse:81", ["finesse:81"])
    assert await node("evil.example:443") == "finesse:80"  # never an address that somebody sends
    finesse.nodes[0].take_down()
    with pytest.raises(FinesseOutOfService):
        await node("")
    assert await node("") == "finesse:81"  # the next one looks where there is service
    door.close()


class Reaching(httpx.AsyncBaseTransport):
    def __init__(self, reach: Any) -> None:
        self._reach = reach

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = await self._reach(request)
        return answer


async def test_a_call_from_ring_to_end(desk: httpx.AsyncClient, finesse: Sandbox) -> None:
    finesse.switch.ring("+12125550123", "1001", "Support", {"callVariable1": "A & B <c>"})
    (call,) = (await desk.get("/calls")).json()["calls"]
    assert (call["direction"], call["number"], call["queue"]) == ("in", "+12125550123", "Support")
    assert call["variables"] == [{"name": "callVariable1", "value": "A & B <c>"}]
    assert call["actions"] == ["answer"]
    talking = ["hold", "drop", "consult", "transfer", "dtmf", "data", "wrap-up"]
    for action, allowed in [
        ("answer", talking),
        ("hold", ["retrieve", "drop", "data", "wrap-up"]),
        ("retrieve", talking),
    ]:
        assert (await desk.post(f"/calls/{call['id']}/{action}")).status_code == 202
        (now,) = (await desk.get("/calls")).json()["calls"]
        assert now["actions"] == allowed
    assert (await desk.post(f"/calls/{call['id']}/drop")).status_code == 202
    assert (await desk.get("/calls")).json() == {"calls": []}


async def test_dialling_takes_any_spelling(desk: httpx.AsyncClient, finesse: Sandbox) -> None:
    assert (await desk.post("/calls", json={"to": "(212) 555-0123"})).status_code == 202
    (dialog,) = finesse.switch.dialogs.values()
    assert dialog.dialed == "+12125550123"


@pytest.mark.parametrize("reason", ["\x00", "\x01", "a b", "x" * 65])
async def test_a_reason_that_is_no_id_is_said_by_field(
    desk: httpx.AsyncClient, reason: str
) -> None:
    answer = await desk.put("/me/state", json={"state": "NOT_READY", "reason": reason})
    assert (code(answer, 422), answer.json()["field"]) == ("invalid-field", "reason")


@pytest.mark.parametrize("to", ["reception", "anonymous", "+", "1001"])
async def test_what_cannot_be_dialled_is_said_by_field(
    desk: httpx.AsyncClient, finesse: Sandbox, to: str
) -> None:
    answer = await desk.post("/calls", json={"to": to})
    assert code(answer, 422) == "invalid-field"
    assert answer.json()["field"] == "to"
    assert not finesse.switch.dialogs


async def test_a_call_that_is_gone_is_not_found(desk: httpx.AsyncClient) -> None:
    assert code(await desk.post("/calls/1/answer"), 404) == "not-found"
    assert code(await desk.post("/calls/..%2F..%2FUser%2F1001/answer"), 404) == "not-found"


async def test_who_is_not_signed_in_to_a_phone_cannot_dial_until_they_are(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    bilal = ("1002", "callcard")
    assert code(await desk.post("/calls", json={"to": "1003"}, auth=bilal), 409) == "not-signed-in"
    finesse.agents.sign_in(finesse.agents.users["1002"], "1002", "")
    assert (await desk.post("/calls", json={"to": "+12125550123"}, auth=bilal)).status_code == 202


async def test_a_password_that_was_changed_is_shown_to_finesse_once(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    await desk.get("/me")
    finesse.agents.users["1001"].password = "changed"
    finesse.requests.clear()
    for _ in range(3):
        assert code(await desk.get("/me"), 401) == "credentials-rejected"
    assert len(finesse.requests) == 1
    assert (await desk.get("/me", auth=("1001", "changed"))).status_code == 200


# ---- contacts


async def test_a_number_finds_its_contact(desk: httpx.AsyncClient) -> None:
    found = (await desk.get("/contacts", params={"number": "212-555-0123"})).json()
    assert found["number"] == {
        "given": "212-555-0123", "kind": "public", "e164": "+12125550123", "display": "(212) 555-0123", "country": "US",
    }  # fmt: skip
    (match,) = found["matches"]
    assert (match["how"], match["contact"]["name"], match["contact"]["flags"]) == (
        "exact",
        "Ada Lovelace",
        ["VIP"],
    )
    assert found["sources"] == {"local": "answered"}
    one = await desk.get(f"/contacts/local/{match['contact']['id']}")
    assert one.json() == match["contact"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [("", "withheld"), ("anonymous", "withheld"), ("1003", "internal"), ("?!", "unreadable")],
)
async def test_a_number_that_nobody_has_is_an_answer(
    desk: httpx.AsyncClient, number: str, kind: str
) -> None:
    found = (await desk.get("/contacts", params={"number": number})).json()
    assert (found["number"]["kind"], found["matches"]) == (kind, [])


async def test_saving_twice_with_one_request_id_saves_once(desk: httpx.AsyncClient) -> None:
    sent = {"name": " Grace Hopper ", "numbers": ["+1 212 555 0177"], "request_id": "r1"}
    first, again = await desk.post("/contacts", json=sent), await desk.post("/contacts", json=sent)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["name"] == "Grace Hopper"
    found = (await desk.get("/contacts", params={"q": "hopper"})).json()
    assert [c["name"] for c in found["contacts"]] == ["Grace Hopper"]


@pytest.mark.parametrize(
    ("body", "status", "told", "field"),
    [
        ("{", 400, "malformed-request", None),
        ("", 400, "malformed-request", None),
        (b"\xff\xfe", 400, "malformed-request", None),
        ('{"name":' + "[" * 5000, 422, "invalid-field", "name"),
        ("[]", 422, "invalid-field", "body"),
        ('{"name": 1}', 422, "invalid-field", "name"),
        ('{"name": "x", "nmae": "y"}', 422, "invalid-field", "nmae"),
        ('{"name": "x", "numbers": ["call me"]}', 422, "invalid-field", "numbers[0]"),
        ('{"name": "x", "numbers": [1]}', 422, "invalid-field", "numbers[0]"),
        ('{"name": "  "}', 422, "invalid-field", "name"),
        ('{"name": "' + "x" * 201 + '"}', 422, "invalid-field", "name"),
        ('{"name": "' + "x" * 70000 + '"}', 413, "too-large", None),
    ],
)
async def test_bodies_that_cannot_be_used(
    desk: httpx.AsyncClient, body: str | bytes, status: int, told: str, field: str | None
) -> None:
    answer = await desk.post("/contacts", content=body)
    assert code(answer, status) == told
    assert answer.json().get("field") == field


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?number=1&q=x", 400),
        ("?q=x&limit=0", 422),
        ("?q=x&limit=many", 422),
        ("?number=" + "1" * 300, 422),
        ("?number=%FF%FE", 400),
    ],
)
async def test_queries_that_cannot_be_used(
    desk: httpx.AsyncClient, query: str, status: int
) -> None:
    code(await desk.get("/contacts" + query), status)


@pytest.mark.parametrize(
    "path",
    [
        "/contacts/local/999999",
        "/contacts/local/x",
        "/contacts/local/" + "9" * 40,
        "/contacts/hubspot/1",
    ],
)
async def test_a_contact_that_is_not_there(desk: httpx.AsyncClient, path: str) -> None:
    assert code(await desk.get(path), 404) == "not-found"


# ---- Finesse in trouble


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("slow", 504, "finesse-timeout"),
        ("html", 502, "finesse-invalid-response"),
        ("truncated", 502, "finesse-invalid-response"),
        ("unavailable", 503, "finesse-out-of-service"),
        ("bomb", 502, "finesse-invalid-response"),
        ("oversized", 502, "finesse-invalid-response"),
        ("broken", 502, "finesse-invalid-response"),
    ],
)
async def test_each_trouble_of_finesse_is_told_as_what_it_is(
    desk: httpx.AsyncClient, finesse: Sandbox, fault: Any, status: int, told: str
) -> None:
    finesse.faults.arm(fault, times=9, seconds=1.0)
    answer = await desk.get("/calls")
    assert code(answer, status) == told
    assert answer.json()["detail"]
    finesse.faults.armed.clear()
    assert (await desk.get("/calls")).status_code == 200, "nothing of it is remembered"


async def test_finesse_that_is_not_there(settings: Settings, contacts: LocalContacts) -> None:
    from callcard.app import create_app

    nowhere = Settings(finesse_url="http://127.0.0.1:9", database=settings.database)
    app = create_app(nowhere)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", auth=AGENT
    )
    async with app.router.lifespan_context(app), client:
        assert code(await client.get("/api/v1/me"), 502) == "finesse-unreachable"
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["contacts"] == "ok"
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_contacts_that_cannot_be_read_are_told(
    desk: httpx.AsyncClient, contacts: LocalContacts, settings: Settings
) -> None:
    contacts._writer.execute("drop table number")
    answer = await desk.get("/contacts", params={"number": "+12125550123"})
    assert code(answer, 503) == "source-unavailable"
    assert answer.json()["sources"] == {"local": "failed"}


# ---- every path, and what is written about it


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/contacts", 405),
        ("PATCH", "/me", 405),
        ("GET", "/me/", 404),
    ],
)
async def test_paths_and_methods_that_are_not_there(
    desk: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await desk.request(method, path)
    assert code(answer, status) in ("not-found", "method-not-allowed")
    if path == "/contacts":
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_what_breaks_here_is_a_problem_too(
    desk: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(given: str, country: str) -> None:
        raise ZeroDivisionError(f"secret {given}")

    monkeypatch.setattr("callcard.telephony.numbers.read", broken)
    answer = await desk.get("/contacts", params={"number": "5550123"})
    assert code(answer, 500) == "internal-error"
    assert "5550123" not in answer.text + "".join(
        r.getMessage() for r in caplog.records if r.name == "callcard"
    )
    assert "ZeroDivisionError in /api/v1/contacts" in caplog.text


async def test_the_description_is_valid_and_answers_keep_to_it(
    desk: httpx.AsyncClient, finesse: Sandbox
) -> None:
    import jsonschema
    from openapi_spec_validator import validate

    described = document()
    validate(described)
    finesse.switch.ring("+12125550123", "1001", "Support", {"callVariable1": "x"})
    resolver = {"components": described["components"]}
    for path, query in [
        ("/me", {}),
        ("/calls", {}),
        ("/contacts", {"number": "+12125550123"}),
        ("/contacts", {"q": "ada"}),
    ]:
        answer = await desk.get(path, params=query)
        schema = described["paths"]["/api/v1" + path]["get"]["responses"]["200"]["content"][
            "application/json"
        ]["schema"]
        jsonschema.validate(answer.json(), {**resolver, **schema})
    problem = (await desk.get("/nowhere")).json()
    jsonschema.validate(problem, {**resolver, "$ref": "#/components/schemas/Problem"})


def test_codes_are_unique_enough_to_act_on() -> None:
    told = [(error.code, error.status) for error in all_errors()]
    assert all(len({status for c, status in told if c == each}) == 1 for each, _ in told)


async def test_no_secret_and_no_number_reaches_the_log(
    desk: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await desk.get("/contacts", params={"number": "+12125550123"})
        await desk.get("/me", auth=("1001", "hunter2"))
    lines = [r.getMessage() for r in caplog.records if r.name == "callcard"]
    assert len(lines) == 2
    assert lines[0].startswith("GET /api/v1/contacts 200")
    assert lines[0].endswith("1001")
    with caplog.at_level("INFO"):
        await desk.get("/x%0a2026-11-22 INFO forged%1b[31m")
        await desk.get("/contacts/+12125550123")
    assert [r.getMessage()[:8] for r in caplog.records if r.name == "callcard"][-2:] == [
        "GET - 40",
        "GET - 40",
    ]
    assert not any("5550123" in line or "hunter2" in line or "Basic" in line for line in lines)
