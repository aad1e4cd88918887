"""`callcard crm connect`: a person allows Callcard to use a CRM, and the token is renewed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from callcard.crm.registry import parse_options
from callcard.crm.rest import Rest, RestOptions
from callcard.errors import SourceUnavailable
from callcard.telephony import numbers
from tests.harness.commands import environment
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION
from tests.harness.serving import listening
from tests.test_crm_check import toml

LONGEST_WAIT_SECONDS = 30.0


class OAuthCrm:
    """A CRM with an authorization server that replaces the refresh token at each use."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_token = ""
        self.access_token = ""
        self.refuses = False
        self.gives_refresh_tokens = True
        self.count = 0
        self.app = Starlette(
            routes=[
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/people", self._people),
            ]
        )

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        answer = {"state": asked["state"]}
        if self.refuses:
            answer["error"] = "access_denied"
        else:
            self.codes["c0de"] = asked
            answer["code"] = "c0de"
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            is_known = asked is not None and asked["code_challenge"] == challenge
            if not is_known or form["redirect_uri"] != (asked or {}).get("redirect_uri"):
                return JSONResponse({"error": "invalid_grant"}, 400)
        elif form.get("refresh_token") != self.refresh_token:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.count += 1
        self.access_token = f"access{self.count}"
        token: dict[str, Any] = {"access_token": self.access_token, "token_type": "Bearer"}
        if self.gives_refresh_tokens:
            self.refresh_token = token["refresh_token"] = f"refresh{self.count}"
        return JSONResponse({**token, "expires_in": 3600})

    async def _people(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {self.access_token}":
            return JSONResponse({}, 401)
        return JSONResponse({"data": []})


def auth(port: int, folder: Path) -> dict[str, str]:
    return {
        "type": "oauth2",
        "token_url": f"http://127.0.0.1:{port}/token",
        "authorize_url": f"http://127.0.0.1:{port}/authorize?access_type=offline",
        "client_id": "callcard",
        "tokens_file": str(folder / "engines.tokens"),
    }


@contextmanager
def connecting(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command on a CRM at `port`."""
    source = {**CONFIGURATION, "kind": "rest", "name": "engines", "auth": auth(port, folder)}
    source["base_url"] = f"http://127.0.0.1:{port}"
    (folder / "callcard.toml").write_text(f"sources = {toml([source])}\n")
    command = [sys.executable, "-u", "-m", "callcard", "crm", "connect", "engines", *options]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def address_to_open(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http"):
            return line.strip()
    raise AssertionError("no address was printed")


def test_token_is_written_when_the_person_has_signed_in(tmp_path: Path) -> None:
    crm, port, own_port = OAuthCrm(), free_port(), free_port()
    with (
        listening((crm.app, port)),
        connecting(tmp_path, port, "--port", str(own_port)) as process,
    ):
        address = address_to_open(process)
        assert "access_type=offline" in address
        stranger = f"http://127.0.0.1:{own_port}/callback?state=forged&code=stolen"
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                assert httpx.get(stranger).status_code == 404
                break
            except httpx.ConnectError:
                continue
        page = httpx.get(address, follow_redirects=True)
        assert page.text == "Callcard is connected. You can close this page."
        output, errors = process.communicate(timeout=LONGEST_WAIT_SECONDS)
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines()[-1].startswith("engines is connected; the token is in ")
    tokens = tmp_path / "engines.tokens"
    assert tokens.read_text() == "refresh1\n"
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert "refresh1" not in output


def test_address_can_be_pasted_where_there_is_no_browser(tmp_path: Path) -> None:
    crm, port = OAuthCrm(), free_port()
    with listening((crm.app, port)), connecting(tmp_path, port, "--paste") as process:
        answer = httpx.get(address_to_open(process))
        output, errors = process.communicate(
            answer.headers["location"] + "\n", timeout=LONGEST_WAIT_SECONDS
        )
    assert (process.returncode, errors) == (0, ""), output
    assert (tmp_path / "engines.tokens").read_text() == "refresh1\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"refuses": True}, "the CRM did not allow it (access_denied)"),
        ({"gives_refresh_tokens": False}, "the CRM gives no refresh token; ask for one by scope"),
        ({"codes": None}, "the CRM gives no token (invalid_grant); check client_id"),
    ],
)
def test_what_went_wrong_is_said_and_nothing_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    crm, port = OAuthCrm(), free_port()
    forgets = change.pop("codes", "") is None
    for name, value in change.items():
        setattr(crm, name, value)
    with listening((crm.app, port)), connecting(tmp_path, port, "--paste") as process:
        answer = httpx.get(address_to_open(process))
        if forgets:
            crm.codes.clear()
        location = answer.headers["location"]
        _output, errors = process.communicate(location + "\n", timeout=LONGEST_WAIT_SECONDS)
    assert process.returncode == 1
    assert f"callcard: {message}" in errors
    assert not (tmp_path / "engines.tokens").exists()
    assert "c0de" not in errors


def test_source_with_another_kind_of_auth_is_named(tmp_path: Path) -> None:
    (tmp_path / "callcard.toml").write_text('sources = [{kind = "local"}]\n')
    done = subprocess.run(
        [sys.executable, "-m", "callcard", "crm", "connect", "local"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("callcard: local is not connected in this way: its auth has no ")


# ---- the service


@pytest.mark.anyio
async def test_replaced_token_is_kept_for_the_next_start_and_for_other_workers(
    tmp_path: Path,
) -> None:
    crm, port = OAuthCrm(), free_port()
    crm.refresh_token = "refresh0"
    tokens = tmp_path / "engines.tokens"

    def open_worker() -> Rest:
        given = {**CONFIGURATION, "base_url": f"http://127.0.0.1:{port}"}
        options = parse_options("rest", {**given, "auth": auth(port, tmp_path)})
        assert isinstance(options, RestOptions)
        return Rest(options, "engines")

    number = numbers.read("+12125550123", "US")
    with listening((crm.app, port)):
        worker, other = open_worker(), open_worker()
        with pytest.raises(SourceUnavailable, match="run: callcard crm connect engines"):
            await worker.by_number(number)
        tokens.write_text("refresh0\n")
        assert await worker.by_number(number) == []
        assert await asyncio.to_thread(tokens.read_text) == "refresh1\n"
        assert await other.by_number(number) == []
        assert await asyncio.to_thread(tokens.read_text) == "refresh2\n"
        assert await worker.by_number(number) == [], "its access token was ended by the other's"
        await worker.close()
        await other.close()
    assert re.fullmatch(r"refresh\d\n", await asyncio.to_thread(tokens.read_text))
