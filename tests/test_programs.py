"""Programs without an agent: what their scopes permit, and pages of other web apps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcard.errors import SettingsError
from callcard.settings import Settings
from callcard.store.open_store import open_store
from tests.harness.api_keys import make_key, revoke_key
from tests.harness.contact_centre import ADA, ADA_NAME, ContactCentre
from tests.harness.programs import (
    MAY,
    PAGE,
    open_centre_for_programs,
    program,
    status_of,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[ContactCentre]:
    async with open_centre_for_programs(tmp_path) as opened:
        yield opened


# ---- scopes


@pytest.mark.parametrize("scope", sorted(MAY))
async def test_key_may_do_what_its_scope_says_and_nothing_else(
    centre: ContactCentre, scope: str
) -> None:
    async with program(centre, await make_key(centre, scope)) as http:
        assert {each: await status_of(http, each) for each in MAY} == {
            each: 200 if each == scope else 403 for each in MAY
        }
        for method, path in [("GET", "/me"), ("POST", "/sessions"), ("POST", "/calls")]:
            refused = await http.request(method, path, json={} if method == "POST" else None)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
            assert "has no agent" in refused.json()["detail"]
    assert [path for path in await centre.finesse.requests() if "User" in path] == []


async def test_program_looks_up_contacts_and_sees_all_teams(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    async with centre.api() as agent:
        await agent.get("/me")
    async with program(centre, await make_key(centre, "contacts", "roster")) as http:
        found = (await http.get("/contacts", params={"number": ADA})).json()
        assert found["matches"][0]["contact"]["name"] == ADA_NAME
        (entry,) = (await http.get("/roster")).json()["agents"]
        assert entry["id"] == "1001"


async def test_program_changes_lists_under_its_name(centre: ContactCentre) -> None:
    async with program(centre, await make_key(centre, "lists")) as http:
        given = {"number": "+4930*", "reason": "feed", "action": "announce", "target": "closed"}
        added = await http.post("/lists/deny", json=given)
        assert added.status_code == 201, added.text
        assert added.json()["author"] == "key:program"
        id = added.json()["id"]
        assert (await http.put(f"/lists/deny/{id}", json={"reason": "new"})).status_code == 200
        assert (await http.delete(f"/lists/deny/{id}")).status_code == 200
        audit = (await http.get("/audit")).json()["entries"]
    assert [(each["agent"], each["action"]) for each in audit] == [
        ("key:program", "removed from deny"),
        ("key:program", "changed on deny"),
        ("key:program", "added to deny"),
    ]


async def test_use_of_a_key_is_noted_and_its_refusals_are_audited(centre: ContactCentre) -> None:
    key = await make_key(centre, "roster")
    id = key.split("_")[1]
    keys = centre.service.app.state.api_keys
    async with program(centre, key) as http:
        for _ in range(3):
            assert await status_of(http, "roster") == 200
            assert await status_of(http, "lists") == 403
        await keys.flush()  # another connection to the store waits for its commits
        await revoke_key(centre, key)
        for _ in range(3):
            assert await status_of(http, "roster") == 401
        await keys.flush()
    async with centre.api("2001") as supervisor:
        audit = (await supervisor.get("/audit")).json()["entries"]
    await centre.service.app.state.roster.flush()
    assert [(each["action"], each["detail"]) for each in audit] == [
        ("key refused", f"{id} revoked"),
        ("key refused", f"{id} without the scope lists"),
    ]
    store = open_store(centre.settings.journal_database)
    row = await store.api_key(id)
    await store.close()
    assert row is not None
    assert row.last_used_at == pytest.approx(centre.clock(), abs=5)
    assert row.revoked_at is not None, "noting a use does not bring a key back"


# ---- pages of other web apps


async def test_page_of_a_named_origin_may_call(centre: ContactCentre) -> None:
    browser = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with centre.api() as http:
        preflight = await http.options("/sessions", headers={**browser, **asked})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == PAGE
        opened = await http.post("/sessions", json={"extension": "1001"}, headers=browser)
        assert opened.status_code == 201, opened.text
        assert opened.headers["access-control-allow-origin"] == PAGE
        # An error can be read, too.
        missing = await http.get("/contacts/local/none", headers=browser)
        assert missing.status_code == 404
        assert missing.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"],
)
async def test_page_of_another_origin_may_not(centre: ContactCentre, origin: str) -> None:
    browser = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    async with centre.api() as http:
        refused = await http.post("/sessions", json={"extension": "1001"}, headers=browser)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
        read = await http.get("/me", headers=browser)
        assert "access-control-allow-origin" not in read.headers


@pytest.mark.parametrize("origin", ["https://app.example/", "app.example", "*", "null"])
def test_origin_that_is_none(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"api\.origins"):
        Settings.decode({"api": {"origins": [origin]}})
