"""`callcard crm check`: a source that works, one with a wrong credential, and a wrong name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, TOKEN, RestCrm
from tests.harness.secret_files import write_secret
from tests.harness.serving import listening
from tests.test_cli import callcard


def configure(
    folder: Path, port: int, token: str = TOKEN, changes: dict[str, Any] | None = None
) -> None:
    """Write a `callcard.toml` with the REST double and the local contacts."""
    write_secret(folder / "token", token)
    options = {**CONFIGURATION, "base_url": f"http://127.0.0.1:{port}", **(changes or {})}
    options["auth"] = {"type": "bearer", "token_file": "token"}
    sources = [{"kind": "rest", "name": "engines", **options}, {"kind": "local"}]
    (folder / "callcard.toml").write_text(f"sources = {toml(sources)}\n")


def toml(value: Any) -> str:
    """Return a value as TOML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value)


def test_reads_are_tried_and_nothing_is_written(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    configure(tmp_path, port)
    with listening((crm.app, port)):
        number = ("--number", "(212) 555-0123", "--reference", "C-4712")
        done = callcard("crm", "check", "engines", *number, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1] == "number     (212) 555-0123 is read as +12125550123"
    assert [line.split()[:2] for line in lines[2:]] == [
        ["passed", "by_number"],
        ["passed", "search"],
        ["passed", "get"],
        ["passed", "by_reference"],
        ["write", "create"],
        ["write", "add_number"],
        ["write", "create_case"],
        ["write", "log"],
    ]
    assert "1 found: 7 Ada Lovelace, 0 cases, 0 interactions (exact)" in lines[2]
    assert "8 Charles Babbage" in lines[5]
    assert lines[7].endswith("cannot")
    assert {request.method for request in crm.requests} == {"GET"}


@pytest.mark.parametrize(
    ("token", "number", "message"),
    [
        ("wr0ng", "(212) 555-0123", "failed     by_number"),
        (TOKEN, "(303) 555-0000", "nobody has this number"),
    ],
)
def test_what_does_not_work_is_said(tmp_path: Path, token: str, number: str, message: str) -> None:
    port = free_port()
    configure(tmp_path, port, token)
    with listening((RestCrm().app, port)):
        done = callcard("crm", "check", "engines", "--number", number, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stdout
    assert "wr0ng" not in done.stdout + done.stderr


def test_writes_are_tried_and_removed(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    before = [each["id"] for each in crm.people]
    configure(tmp_path, port)
    with listening((crm.app, port)):
        command = ("crm", "check", "engines", "--number", "(212) 555-0123", "--write")
        done = callcard(*command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    steps = [tuple(line.split()[:2]) for line in done.stdout.splitlines()[6:]]
    assert steps == [
        ("passed", "create"),
        ("passed", "create"),
        ("skipped", "add_number"),
        ("passed", "create_case"),
        ("passed", "create_case"),
        ("passed", "log"),
        ("passed", "get"),
        ("removed", "log"),
        ("removed", "create_case"),
        ("removed", "create"),
    ]
    assert "POST" in {request.method for request in crm.requests}
    assert ([each["id"] for each in crm.people], crm.tickets, crm.calls) == (before, [], {})


def test_what_cannot_be_removed_is_named(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    configure(tmp_path, port, changes={"create": {"request": CONFIGURATION["create"]["request"]}})
    with listening((crm.app, port)):
        command = ("crm", "check", "engines", "--number", "(212) 555-0123", "--write")
        done = callcard(*command, cwd=tmp_path)
    made = crm.people[-1]
    assert made["names"]["first"] == "Callcard"
    left = f"left       create        {made['id']}: no cleanup is configured, remove it by hand"
    assert left in done.stdout.splitlines()


def test_write_that_fails_is_named_and_the_others_are_removed(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    log = {"request": {"method": "PUT", "path": "/nowhere/<< key >>"}}
    configure(tmp_path, port, changes={"log": log})
    with listening((crm.app, port)):
        command = ("crm", "check", "engines", "--number", "(212) 555-0123", "--write")
        done = callcard(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "engines responded with 404" in done.stdout
    assert (len(crm.people), crm.tickets) == (2, [])


def test_number_explain_asks_every_source(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    configure(tmp_path, port)
    with listening((crm.app, port)):
        done = callcard("number", "explain", "(212) 555-0123", cwd=tmp_path)
        crm.is_down = True
        down = callcard("number", "explain", "(212) 555-0123", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert any(line.startswith("source     engines: ok (") for line in lines)
    assert "found      engines/7 Ada Lovelace (whole number, office (212) 555-0123)" in lines
    assert lines[-1] == "caller     engines/7 Ada Lovelace: nobody else has the number"
    assert "source     engines: engines responded with 503 (" in down.stdout


def test_unknown_source_is_named_with_the_nearest(tmp_path: Path) -> None:
    configure(tmp_path, free_port())
    done = callcard("crm", "check", "engine", "--number", "1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "callcard: there is no source 'engine'; did you mean engines?\n"
