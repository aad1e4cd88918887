"""Every failure is a problem document, and neither it nor the log gives away secrets or numbers."""

from __future__ import annotations

from pathlib import Path

import httpx
import jsonschema
import pytest
from openapi_spec_validator import validate
from starlette.applications import Starlette

from callcard.api.openapi import document
from callcard.app import create_app
from callcard.errors import all_errors
from tests.harness.contact_centre import service_client
from tests.harness.problems import problem_code
from tests.harness.sandbox import SandboxDriver
from tests.harness.settings import settings_in

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("slow", 504, "finesse-timeout"),
        ("html", 502, "finesse-invalid-response"),
        ("truncated", 502, "finesse-invalid-response"),
        ("unavailable", 503, "finesse-out-of-service"),
        ("xml-bomb", 502, "finesse-invalid-response"),
        ("oversized", 502, "finesse-invalid-response"),
        ("internal-error", 502, "finesse-invalid-response"),
    ],
)
async def test_failure_of_finesse_has_its_own_code(
    ana: httpx.AsyncClient, driver: SandboxDriver, fault: str, status: int, code: str
) -> None:
    await driver.arm(fault, times=9, seconds=1.0)
    response = await ana.get("/calls")
    assert problem_code(response, status) == code
    assert response.json()["detail"]
    driver.clear_faults()
    assert (await ana.get("/calls")).status_code == 200, "the failure is not cached"


async def test_unreachable_finesse_leaves_the_service_alive_but_not_ready(tmp_path: Path) -> None:
    app = create_app(settings_in(tmp_path, "http://127.0.0.1:9"))
    async with app.router.lifespan_context(app), service_client(app, "1001") as client:
        assert problem_code(await client.get("/me"), 502) == "finesse-unreachable"
        ready = await client.get("http://service/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["contacts"] == "ok"
        alive = await client.get("http://service/healthz")
        assert alive.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/contacts", 405),
        ("PATCH", "/me", 405),
        ("GET", "/me/", 404),
    ],
)
async def test_unknown_path_or_method_is_a_problem(
    ana: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await ana.request(method, path)
    assert problem_code(response, status) in ("not-found", "method-not-allowed")
    if path == "/contacts":
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_internal_error_is_a_problem_without_the_number(
    ana: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(given: str, *_plan: object) -> None:
        raise ZeroDivisionError(f"secret {given}")

    monkeypatch.setattr("callcard.telephony.numbers.explain", fail)
    response = await ana.get("/contacts", params={"number": "5550123"})
    assert problem_code(response, 500) == "internal-error"
    messages = [record.getMessage() for record in caplog.records if record.name == "callcard"]
    assert "5550123" not in response.text + "".join(messages)
    assert "ZeroDivisionError in /api/v1/contacts" in caplog.text


async def test_openapi_document_is_valid_and_responses_conform_to_it(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    described = document()
    validate(described)
    components = {"components": described["components"]}
    await driver.ring(variables={"callVariable1": "x"})
    for path, query in [
        ("/me", {}),
        ("/calls", {}),
        ("/contacts", {"number": "+12125550123"}),
        ("/contacts", {"q": "ada"}),
    ]:
        response = await ana.get(path, params=query)
        operation = described["paths"]["/api/v1" + path]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(response.json(), {**components, **schema})
    problem = (await ana.get("/nowhere")).json()
    jsonschema.validate(problem, {**components, "$ref": "#/components/schemas/Problem"})


def test_each_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for error in all_errors():
        statuses.setdefault(error.code, set()).add(error.status)
    assert all(len(each) == 1 for each in statuses.values())


async def test_log_has_neither_secrets_nor_numbers(
    ana: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await ana.get("/contacts", params={"number": "+12125550123"})
        await ana.get("/me", auth=("1001", "hunter2"))
    lines = [record.getMessage() for record in caplog.records if record.name == "callcard"]
    assert len(lines) == 2
    assert lines[0].startswith("GET /api/v1/contacts 200")
    assert lines[0].endswith("1001")
    assert not any("5550123" in line or "hunter2" in line or "Basic" in line for line in lines)


async def test_unknown_path_is_not_written_to_the_log(
    ana: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        await ana.get("/x%0a2026-11-22 INFO forged%1b[31m")
        await ana.get("/contacts/+12125550123")
    lines = [record.getMessage() for record in caplog.records if record.name == "callcard"]
    assert [line[:8] for line in lines] == ["GET - 40", "GET - 40"]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_browsers_keep_to_tls_if_the_service_has_it(service: Starlette, scheme: str) -> None:
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://service") as client:
        response = await client.get("/healthz")
    assert ("strict-transport-security" in response.headers) is (scheme == "https")
