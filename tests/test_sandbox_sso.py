"""Single sign-on in the sandbox: the browser's flow, and tokens for REST and notifications."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from callcard.finesse.client import Credential
from callcard.finesse.notifications import NotificationSession
from callcard.finesse.xmpp_base import StreamLost
from tests.harness.finesse import SandboxServer, sandbox_with_sockets

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_with_sockets() as opened:
        yield opened


async def test_browser_flow_issues_a_token_that_can_be_refreshed(server: SandboxServer) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{server.port}", follow_redirects=True
    ) as browser:
        page = await browser.get("/desktop/sso/token?cc_username=1001&return_refresh_token=true")
        assert "Single sign-on" in page.text
        form = {"user": "1001", "password": "wrong", "back": page.url.params["back"]}
        assert (await browser.post("/desktop/sso/login", data=form)).status_code == 401
        form["password"] = "callcard"
        token = (await browser.post("/desktop/sso/login", data=form)).json()
        assert token["user_id"] == "1001"
        assert token["expires_in"] == 300
        form = {"token": token["token"], "refresh-token": token["refresh_token"]}
        refreshed = (await browser.post("/desktop/sso/token", data=form)).json()
        assert refreshed["token"] != token["token"]
        rejected = await browser.post("/desktop/sso/token", data={"refresh-token": "x"})
        assert rejected.status_code == 401


async def test_token_replaces_the_password_until_it_expires(server: SandboxServer) -> None:
    token = server.sandbox.accounts.issue_token(server.user()).access
    session = await NotificationSession.open(server.address(), "1001", token)
    await session.close()
    bearer = Credential(f"Bearer {token}", server.credential().deadline)
    assert (await server.client.user(bearer, "1001")).login_id == "1001"
    await server.control("POST", "faults", {"kind": "expired", "user": "1001"})
    with pytest.raises(StreamLost):
        await NotificationSession.open(server.address(), "1001", token)
