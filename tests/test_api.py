"""The API against its own OpenAPI document: generated requests, promised responses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from callcard.api.openapi import document
from callcard.app import create_app
from callcard.finesse.client import basic
from finesse_sandbox.app import SandboxSettings
from tests.harness.ports import free_port
from tests.harness.sandbox import SandboxDriver, new_sandbox
from tests.harness.serving import listening
from tests.harness.settings import settings_in

# Schemathesis's own strategies use what hypothesis has begun to discourage.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]
schema = schemathesis.openapi.from_dict(document())
SUPERVISOR = basic("2001", "callcard")
EXAMPLES = 25
"""Of each endpoint."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("api")
    finesse_port = free_port()
    service_port = free_port()
    finesse = new_sandbox(SandboxSettings(host="finesse", ports=(finesse_port, 0)))
    asyncio.run(SandboxDriver(finesse).sign_in("2001"))
    app = create_app(settings_in(folder, f"http://localhost:{finesse_port}"))
    with listening((finesse.app, finesse_port)), listening((app, service_port)):
        yield f"http://localhost:{service_port}"


@pytest.fixture(scope="module")
def connection() -> Iterator[requests.Session]:
    """One kept-alive connection: opening one for each request takes half of the time."""
    with requests.Session() as session:
        session.headers["Authorization"] = SUPERVISOR
        yield session


@schema.parametrize()
@pytest.mark.parametrize("checks", [CHECKS], ids=["all checks"])  # makes pytest 9.2's ids unique
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_endpoint_conforms_to_its_description(
    case: schemathesis.Case[Any], checks: list[Any], service: str, connection: requests.Session
) -> None:
    case.call_and_validate(base_url=service, session=connection, checks=checks, timeout=10)
