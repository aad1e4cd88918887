"""What responses, logs, terminals and readiness say, and number lists that codes get around."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from callcard.telephony.numbers import called_numbers
from callcard.terminal import printable
from tests.harness.waiting import wait_until
from tests.security.attacked import (
    ATTACKER,
    SUPERVISOR,
    VICTIM,
    AttackedService,
    attacked_service,
)

CUSTOMER = "+12125550123"
PATHS = (
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/asyncapi.json",
    "/nowhere",
    "/api/v1/me",
    "/docs",
    "/docs/docs.js",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_the_security_headers(service: AttackedService, path: str) -> None:
    response = httpx.get(service.url + path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    policy = response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    source = "'self'" if path.startswith("/docs") else "'none'"
    assert f"default-src {source};" in policy
    assert "server" not in response.headers
    assert "strict-transport-security" not in response.headers, "only with TLS"


def test_log_and_terminal_cannot_be_controlled(service: AttackedService) -> None:
    hostile = "\x1b]0;pwned\x07\x1b[2J\u202e\x9b31m"
    name = printable(f"Ada{hostile}\nnext")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", name)
    assert "Ada" in name
    contacts = service.folder / "contacts.csv"
    contacts.write_text(f"name,phone\nAda{hostile},+1 212 555 0123\nBad{hostile},x{hostile}\n")
    config = str(service.folder / "callcard.toml")
    for command in (
        ("contacts", "import", str(contacts), "--config", config),
        ("number", "explain", f"+12125550123{hostile}", "--config", config),
        ("number", "explain", hostile, "--country", f"X{hostile}"),
        ("contacts", "import", f"/nowhere{hostile}"),
        (f"command{hostile}",),
    ):
        result = subprocess.run(
            [sys.executable, "-m", "callcard", *command], capture_output=True, timeout=60
        )
        output = (result.stdout + result.stderr).decode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", output), output
        assert "Traceback" not in output
    service.send(f"10{hostile}", "GET", "me")
    assert "\x1b" not in service.log


def test_unknown_country_is_refused_at_start(tmp_path: Path) -> None:
    environment = {**os.environ, "CALLCARD_TELEPHONY_COUNTRY": "XX"}
    result = subprocess.run(
        [sys.executable, "-m", "callcard", "serve"],
        capture_output=True,
        timeout=30,
        cwd=tmp_path,
        env=environment,
    )
    assert result.returncode == 1
    assert b"telephony.country" in result.stderr
    assert b"Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "dialled",
    [
        "*67 212 555 0123",
        "*6712125550123",
        "*82+12125550123",
        "#31#12125550123",
        "*31#+12125550123",
        "*67*12125550123",
        "9*6712125550123",
        "11672125550123",
        "116712125550123",
        "*672125550123",
        "**671 (212) 555-0123",
    ],
)
def test_service_codes_do_not_get_around_do_not_call(
    service: AttackedService, dialled: str
) -> None:
    entry = {"number": CUSTOMER, "reason": "asked for it"}
    service.send(SUPERVISOR, "POST", "lists/do-not-call", entry).raise_for_status()
    response = service.send(VICTIM, "POST", "calls", {"to": dialled})
    assert response.json()["code"] in ("do-not-call", "invalid-field"), dialled
    assert response.status_code in (409, 422)
    if response.status_code == 422:
        assert service.control.get("/sandbox/calls").json() == []


def test_codes_alone_and_other_numbers_are_dialled(service: AttackedService) -> None:
    assert all(each.e164 != CUSTOMER for each in called_numbers("*72", "US"))
    assert all(each.e164 != CUSTOMER for each in called_numbers("*6712125550199", "US"))
    response = service.send(ATTACKER, "POST", "calls", {"to": "*6712125550199"})
    assert response.status_code == 202


# ---- readiness


def ready(service: AttackedService) -> tuple[int, dict[str, str]]:
    response = httpx.get(f"{service.url}/readyz", timeout=10)
    return response.status_code, response.json()["checks"]


def test_readiness_knows_that_nothing_can_be_saved(tmp_path: Path) -> None:
    with attacked_service(tmp_path) as service:
        wait_until(lambda: ready(service)[0] == 200, 15)
        (tmp_path / "calls.sqlite").unlink()
        wait_until(lambda: ready(service)[0] == 503, 15)
        assert "deleted" in ready(service)[1]["journal"]
        assert service.is_responsive(), "it is alive"


def test_readiness_knows_how_long_an_interaction_has_waited(tmp_path: Path) -> None:
    with attacked_service(tmp_path) as service:
        service.crm.unreachable = True
        service.take_call(CUSTOMER)

        def oldest() -> float:
            content = httpx.get(f"{service.url}/readyz", timeout=10).json()
            return float(content["oldest_undelivered_seconds"] or 0)

        wait_until(lambda: oldest() > 1, 20)
        assert ready(service)[1]["delivery"] == "ok", "it has not waited for long"
        service.crm.unreachable = False
        wait_until(lambda: oldest() == 0, 60)
