"""The API against its own description: whatever /openapi.json allows is answered as it promises, and rubbish never breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
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
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.conftest import free_port, listening

# Schemathesis's own strategies use what hypothesis has begun to discourage.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
schema = schemathesis.openapi.from_dict(document())
AUTHORIZATION = basic("2001", "callcard")
EXAMPLES = 25
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
    ports = free_port(), free_port()
    sandbox = Sandbox(SandboxSettings(ports=(ports[0], 0)))
    boss = sandbox.agents.users["2001"]
    sandbox.agents.sign_in(boss, "2001", "")
    own = Settings(
        finesse_url=f"http://localhost:{ports[0]}",
        database=str(folder / "contacts.sqlite"),
        bundle=str(folder / "none"),
    )
    with listening((sandbox.app, ports[0])), listening((create_app(own), ports[1])):
        yield f"http://localhost:{ports[1]}"


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_endpoint_keeps_its_promise(case: schemathesis.Case[Any], service: str) -> None:
    case.call_and_validate(
        base_url=service, headers={"Authorization": AUTHORIZATION}, checks=CHECKS, timeout=10
    )
