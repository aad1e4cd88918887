"""Routing decisions as call managers and scripts ask for them, over HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from callcard.api import api_keys
from callcard.app import create_app
from callcard.store.open_store import open_store
from tests.harness.api_keys import make_key
from tests.harness.contact_centre import (
    ADA,
    ADA_NAME,
    BABBAGE,
    ContactCentre,
    failing_contacts,
    open_contact_centre,
)
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, RestCrm
from tests.harness.routing import HEADERS, SAMPLES, CurriAnswer, curri_request, read_answer
from tests.harness.serving import serving
from tests.harness.settings import settings_in
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio

SCRIPT = "/routing/v1/decision"
CONTINUE = CurriAnswer("Permit", "continue", caller_name=ADA_NAME)
MACHINES = {"addresses": ["127.0.0.1"], "deadline_seconds": 5.0}  # of a busy machine
REQUESTS = {path.stem: path.read_bytes() for path in SAMPLES.glob("request-*.xml")}


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[ContactCentre]:
    async with open_contact_centre(tmp_path, routing=MACHINES) as opened:
        yield opened


def machine(app: Starlette, address: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
    """Return a client of a call manager or script at an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://service", **options)


async def put_on_list(centre: ContactCentre, name: str, **entry: Any) -> dict[str, Any]:
    async with centre.api("2001") as supervisor:
        given = {"number": ADA, "reason": "because", **entry}
        added = await supervisor.post(f"/lists/{name}", json=given)
        assert added.status_code == 201, added.text
        content: dict[str, Any] = added.json()
        return content


async def ask_curri(http: httpx.AsyncClient, calling: str, called: str = "7000") -> CurriAnswer:
    body = curri_request(calling, called)
    response = await http.post("/curri", content=body, headers=HEADERS)
    assert response.status_code == 200
    return read_answer(response.content)


@pytest.mark.parametrize("sample", sorted(REQUESTS))
async def test_request_of_a_call_manager(centre: ContactCentre, sample: str) -> None:
    async with machine(centre.service.app) as http:
        response = await http.post("/curri", content=REQUESTS[sample], headers=HEADERS)
        assert read_answer(response.content) == CONTINUE
        await put_on_list(centre, "deny", dialled="7000", action="announce", target="closed")
        response = await http.post("/curri", content=REQUESTS[sample], headers=HEADERS)
        assert read_answer(response.content) == CurriAnswer("Deny", "reject", announcement="closed")
        assert response.headers["content-type"] == "text/xml; charset=utf-8"


async def test_call_that_is_diverted(centre: ContactCentre) -> None:
    await put_on_list(centre, "allow", action="priority", target="7001")
    async with machine(centre.service.app) as http:
        answer = await ask_curri(http, ADA)
        assert (answer.verdict, answer.directive) == ("Permit", "divert")
        assert answer.destination == "7001"
        # The call manager asks again about the call at its new place.
        assert await ask_curri(http, ADA, "7001") == CONTINUE


async def test_withheld_number(centre: ContactCentre) -> None:
    async with machine(centre.service.app) as http:
        for calling in ("", "anonymous", "Restricted"):
            assert (await ask_curri(http, calling)).directive == "continue"
        await put_on_list(centre, "deny", number="withheld")
        for calling in ("", "anonymous", "Restricted"):
            assert (await ask_curri(http, calling)).directive == "reject"
        assert (await ask_curri(http, ADA)).directive == "continue"


async def test_name_is_shown_only_if_it_is_one_contacts(centre: ContactCentre) -> None:
    async with machine(centre.service.app) as http:
        assert (await ask_curri(http, "+1 212 555 0100")).caller_name == ""
        with failing_contacts(centre.settings):
            assert (await ask_curri(http, "+1 212 555 0101")).directive == "continue"


async def test_hostile_requests_get_an_answer_that_parses(centre: ContactCentre) -> None:
    entities = (
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x">]>'
        b'<Request><Attribute AttributeId="urn:Cisco:uc:1.0:callednumber">'
        b"<AttributeValue>&a;</AttributeValue></Attribute></Request>"
    )
    wrong = (b"", b"{}", b"<Request/>", b"<a" * 9, entities, b"<Response/>", curri_request(ADA, ""))
    async with machine(centre.service.app) as http:
        for body in (*wrong, b"<Request>" + b" " * 70_000 + b"</Request>"):
            response = await http.post("/curri", content=body, headers=HEADERS)
            assert response.status_code in (400, 413), body[:40]
            assert read_answer(response.content).verdict == "Indeterminate"
        assert (await http.get("/curri")).status_code == 405


@pytest.mark.parametrize("charset", ["bogus", "", "utf-16", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_charset_that_is_none_gets_an_answer_that_parses(
    centre: ContactCentre, charset: str
) -> None:
    headers = {b"Content-Type": f"text/xml; charset={charset}".encode()}
    async with machine(centre.service.app) as http:
        response = await http.post("/curri", content=curri_request(ADA, "7000"), headers=headers)
        assert response.status_code in (200, 400)
        assert read_answer(response.content).verdict in ("Permit", "Indeterminate")


async def test_script_reads_json_or_xml(centre: ContactCentre) -> None:
    await put_on_list(centre, "deny", action="divert", target="7999", reason="fraud & <more>")
    await put_on_list(centre, "flag", reason="owes")
    async with machine(centre.service.app) as http:
        parameters = {"ani": ADA, "dnis": "7000"}
        expected = {
            "decision": "divert",
            "destination": "7999",
            "announcement": "",
            "priority": False,
            "name": ADA_NAME,
            "list": "deny",
            "reason": "fraud & <more>",
            "flags": "owes",
        }
        answer = await http.get(SCRIPT, params=parameters)
        assert answer.json() == expected
        assert answer.headers["cache-control"] == "no-store"
        for accept in ("application/xml", "text/xml, */*"):
            answer = await http.get(SCRIPT, params=parameters, headers={"Accept": accept})
            root = ElementTree.fromstring(answer.content)
            assert root.tag == "decision"
            flat = {child.tag: child.text or "" for child in root}
            assert flat == {**expected, "priority": "false"}
        # A + that the script did not encode.
        plain = await http.get(f"{SCRIPT}?ani=+12125550123")
        assert plain.json()["list"] == "deny"


async def test_decision_warms_the_card(tmp_path: Path) -> None:
    """A CRM that is too slow for the decision has answered when the call arrives."""
    crm, port = RestCrm(), free_port()
    crm.delay_seconds = 0.15
    rest = {**CONFIGURATION, "kind": "rest", "name": "engines"}
    rest["base_url"] = f"http://127.0.0.1:{port}"
    routing = {**MACHINES, "deadline_seconds": 0.05}
    settings = settings_in(tmp_path, "http://127.0.0.1:1", sources=[rest], routing=routing)
    app = create_app(settings, background_jobs=False)
    key, row = api_keys.create("card", ("contacts",), now=0)
    async with serving(crm.app, port), app.router.lifespan_context(app), machine(app) as http:
        store = open_store(settings.journal_database)
        async with store.transaction() as tx:
            await tx.save_api_key(row)
        await store.close()
        assert (await http.get(SCRIPT, params={"ani": ADA})).json()["name"] == ""
        await until(lambda: http_idle(crm))
        asked = len(crm.requests)
        headers = {"X-API-Key": key}
        answer = await http.get("/api/v1/contacts", params={"number": ADA}, headers=headers)
        assert answer.json()["matches"][0]["contact"]["name"] == "Ada Lovelace"
        assert len(crm.requests) == asked, "from memory"


async def http_idle(crm: RestCrm) -> bool:
    """Return whether a CRM has got all requests of a look-up and answered them."""
    before = len(crm.requests)
    await asyncio.sleep(3 * crm.delay_seconds)
    return before > 0 and len(crm.requests) == before


async def test_script_names_what_is_wrong(centre: ContactCentre) -> None:
    async with machine(centre.service.app) as http:
        assert (await http.get(SCRIPT)).json()["code"] == "malformed-request"
        long = await http.get(SCRIPT, params={"ani": "1" * 300})
        assert (long.status_code, long.json()["field"]) == (422, "ani")
        assert (await http.post(SCRIPT, json={})).status_code == 405


@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::1"])
async def test_stranger_is_not_answered(centre: ContactCentre, address: str) -> None:
    async with machine(centre.service.app, address) as http:
        asked = await http.get(SCRIPT, params={"ani": ADA})
        assert (asked.status_code, asked.json()["code"]) == (401, "credentials-missing")
        answer = await http.post("/curri", content=curri_request(ADA, "7000"))
        assert answer.status_code == 401
        assert read_answer(answer.content).verdict == "Indeterminate"


async def test_network_and_mapped_address_are_known(tmp_path: Path) -> None:
    networks = {"addresses": ["10.1.0.0/16"]}
    async with open_contact_centre(tmp_path, routing=networks) as centre:
        for address in ("10.1.2.3", "::ffff:10.1.2.3"):
            async with machine(centre.service.app, address) as http:
                assert (await http.get(SCRIPT, params={"ani": ADA})).status_code == 200


async def test_key_is_accepted_in_each_form(centre: ContactCentre) -> None:
    key = await make_key(centre, "routing")
    basic = base64.b64encode(f"script:{key}".encode()).decode()
    forms = [{"X-API-Key": key}, {"Authorization": f"Bearer {key}"}]
    for headers in (*forms, {"Authorization": f"Basic {basic}"}):
        async with machine(centre.service.app, "10.0.0.1", headers=headers) as http:
            assert (await http.get(SCRIPT, params={"ani": ADA})).status_code == 200


async def test_key_that_is_not_valid(centre: ContactCentre) -> None:
    key = await make_key(centre, "routing")
    expired = await make_key(centre, "routing", expires_at=centre.clock() + 10)
    other = await make_key(centre)
    wrong = [f"{key}0", key[:-1], "callcard_00000000_00", "callcard__", "x", "Bearer", "ü" * 20]
    async with machine(centre.service.app, "10.0.0.1") as http:
        centre.clock.advance(10)
        for each in (*wrong, expired):
            headers = {b"X-API-Key": each.encode()}
            answer = await http.get(SCRIPT, params={"ani": ADA}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "credentials-rejected")
        refused = await http.get(SCRIPT, params={"ani": ADA}, headers={"X-API-Key": other})
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")


async def test_key_has_a_limit_of_requests(centre: ContactCentre) -> None:
    key = await make_key(centre, "routing", requests_per_second=3.0)
    async with machine(centre.service.app, "10.0.0.1", headers={"X-API-Key": key}) as http:
        answers = [await http.get(SCRIPT, params={"ani": ADA}) for _ in range(5)]
        assert [each.status_code for each in answers[:3]] == [200] * 3
        assert answers[-1].json()["code"] == "rate-limited"
        assert answers[-1].headers["retry-after"] == "1"


async def test_rejected_call_is_audited(centre: ContactCentre) -> None:
    await put_on_list(centre, "deny", reason="fraud")
    async with machine(centre.service.app) as http, centre.api("2001") as supervisor:
        await ask_curri(http, ADA)

        async def audited() -> bool:
            newest = (await supervisor.get("/audit")).json()["entries"][0]
            return (newest["agent"], newest["action"], newest["detail"]) == (
                "routing",
                "rejected",
                "fraud",
            )

        async with asyncio.timeout(5):
            while not await audited():
                await asyncio.sleep(0.01)


async def test_connections_stay_open_and_heads_are_answered(tmp_path: Path) -> None:
    async with open_contact_centre(
        tmp_path, routing={**MACHINES, "deadline_seconds": 2.0}
    ) as centre:
        port = free_port()
        app = create_app(centre.settings, background_jobs=False)
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
        async with (
            serving(app, port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as http,
        ):
            for _ in range(3):
                heads = await asyncio.gather(*(http.head("/curri") for _ in range(20)))
                assert {head.status_code for head in heads} == {200}
                assert {head.content for head in heads} == {b""}
                answers = await asyncio.gather(*(ask_curri(http, ADA) for _ in range(20)))
                assert set(answers) == {CONTINUE}


@pytest.mark.parametrize("trusted", [True, False])
async def test_idle_connection_is_kept_for_a_call_manager_only(
    tmp_path: Path, trusted: bool
) -> None:
    addresses = ["127.0.0.1"] if trusted else []
    async with open_contact_centre(tmp_path, routing={"addresses": addresses}) as centre:
        port = free_port()
        app = create_app(centre.settings, background_jobs=False)
        async with serving(app, port, keep_alive_seconds=0):
            call_manager = await head(port, "/curri")
            other = await head(port, "/healthz")
            wrong = await head(port, "/curri", "GET")
            async with asyncio.timeout(5):
                for reader in (other[0], wrong[0]):
                    await reader.read()  # until the service closes it
            if trusted:
                call_manager[1].write(_head("/curri", "HEAD"))
                assert (await call_manager[0].readline()).startswith(b"HTTP/1.1 200")
            else:
                async with asyncio.timeout(5):
                    await call_manager[0].read()
            for _reader, writer in (call_manager, other, wrong):
                writer.close()


async def head(
    port: int, path: str, method: str = "HEAD"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request without a body, read the head of its answer, and return the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_head(path, method))
    async with asyncio.timeout(5):
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _head(path: str, method: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: service\r\n\r\n".encode()


# ---- every face gives the same decision

ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "list": st.sampled_from(["deny", "allow", "flag"]),
            "number": st.sampled_from([ADA, BABBAGE, "+1212*", "+12125550*", "withheld", "70*"]),
            "dialled": st.sampled_from(["", "7000", "7001"]),
            "action": st.sampled_from(["first", "second", "third"]),
        }
    ),
    max_size=4,
)
CALLING = st.sampled_from([ADA, BABBAGE, "2125550123", "", "7055", "<&\"'>", "0049 30 1"])
ACTIONS: dict[str, dict[str, dict[str, str]]] = {
    "deny": {
        "second": {"action": "announce", "target": "closed & shut"},
        "third": {"action": "divert", "target": "7001"},
    },
    "allow": {"second": {"action": "priority", "target": "7001"}},
}


async def test_call_manager_script_and_card_agree(centre: ContactCentre) -> None:
    async def check(entries: list[dict[str, str]], calling: str, called: str) -> None:
        added = []
        for each in entries:
            action = ACTIONS.get(each["list"], {}).get(each["action"], {})
            given = {"number": each["number"], "dialled": each["dialled"], **action}
            added.append(await put_on_list(centre, each["list"], **given))
        try:
            async with machine(centre.service.app) as http, centre.api("1001") as agent:
                curri = await ask_curri(http, calling, called)
                asked = await http.get(SCRIPT, params={"ani": calling, "dnis": called})
                script = asked.json()
                assert curri.directive == script["decision"]
                assert curri.destination == script["destination"]
                assert curri.announcement == script["announcement"]
                if curri.directive == "continue":
                    assert curri.caller_name == script["name"]
                report = {
                    "id": "77",
                    "from_address": calling or "anonymous",
                    "to_address": "1001",
                    "dialed_number": called,
                }
                shown = await agent.post("/interactions?lookup=1", json=report)
                warned = {each["list"] for each in shown.json()["listed"]}
                if script["decision"] == "reject":
                    assert "deny" in warned
                assert ("flag" in warned) == bool(script["flags"])
        finally:
            async with centre.api("2001") as supervisor:
                for each in added:
                    await supervisor.delete(f"/lists/{each['list']}/{each['id']}")

    loop = asyncio.get_running_loop()

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(ENTRIES, CALLING, st.sampled_from(["7000", "7001", ""]))
    def run(entries: list[dict[str, str]], calling: str, called: str) -> None:
        task = check(entries, calling, called or "7002")
        asyncio.run_coroutine_threadsafe(task, loop).result(30)

    await centre.open_desktop()
    await asyncio.to_thread(run)
