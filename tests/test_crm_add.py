"""`callcard crm add`: questions, a look-up in the real system, and the section that is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callcard.cli.main import cli
from callcard.crm.open_sources import read_configurations
from callcard.settings import Settings
from tests.harness.radicale import (
    HOW_TO_GET,
    PASSWORD,
    USER,
    RadicaleServer,
    find_program,
    running_radicale,
)
from tests.harness.secret_files import write_secret

NUMBER = "(212) 555-0123"


@pytest.fixture(scope="module")
def server() -> Iterator[RadicaleServer]:
    if find_program() is None:
        pytest.skip(HOW_TO_GET)
    with running_radicale() as running:
        running.clear()
        running.put("ada", "FN:Ada Lovelace", "TEL:+1 212 555 0123")
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(cli, ["crm", "add", *arguments], input=answers)


def test_it_asks_finds_somebody_and_writes_the_section(
    server: RadicaleServer, folder: Path
) -> None:
    config = folder / "callcard.toml"
    config.write_text('# ours\n[finesse]\nurl = "https://finesse.example"\n')
    config.chmod(0o600)
    result = add("carddav", answers=f"{server.url}\n{USER}\n{PASSWORD}\n{NUMBER}\n")
    assert result.exit_code == 0, result.output
    assert "1 found: ada.vcf Ada Lovelace" in result.output
    assert PASSWORD not in result.output
    content = config.read_text()
    assert content.startswith("# ours\n[finesse]")
    assert PASSWORD not in content
    assert config.stat().st_mode & 0o777 == 0o600
    local, book = tomllib.loads(content)["sources"]
    assert local["kind"] == "local", "which is there as long as no source is named"
    assert book == {
        "kind": "carddav",
        "url": server.url,
        "username": USER,
        "password_file": "carddav.password",
    }
    secret = folder / "carddav.password"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == (PASSWORD + "\n", 0o600)
    names = [each.name for each in read_configurations(Settings.read(config))]
    assert names == ["local", "carddav"]


def test_answers_can_be_given_and_a_second_source_follows_the_first(
    server: RadicaleServer, folder: Path
) -> None:
    (folder / "callcard.toml").write_text('[[sources]]\nkind = "local"\n')
    write_secret(folder / "secret", PASSWORD)
    result = add(
        "carddav",
        "--name",
        "team",
        "--non-interactive",
        "--number",
        NUMBER,
        "--set",
        f"url={server.url}",
        "--set",
        f"username={USER}",
        "--secret-file",
        "password=secret",
    )
    assert result.exit_code == 0, result.output
    sources = tomllib.loads((folder / "callcard.toml").read_text())["sources"]
    assert [each["kind"] for each in sources] == ["local", "carddav"]
    assert (sources[1]["name"], sources[1]["password_file"]) == ("team", "secret")


@pytest.mark.parametrize(
    ("password", "number", "message"),
    [("wrong", NUMBER, "401"), (PASSWORD, "(303) 555-0000", "nobody has this number")],
)
def test_nothing_is_written_if_nobody_is_found(
    server: RadicaleServer, folder: Path, password: str, number: str, message: str
) -> None:
    result = add("carddav", answers=f"{server.url}\n{USER}\n{password}\n{number}\n")
    assert result.exit_code == 1
    assert message in result.output
    left = [path.name for path in folder.iterdir() if not path.name.startswith("carddav.sqlite")]
    assert left == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("salesfroce",), "did you mean salesforce"),
        (("rest",), "is set up in callcard.toml"),
        (("hubspot", "--non-interactive"), "hubspot needs portal"),
        (("hubspot", "--set", "portl=1"), "did you mean portal"),
        (("hubspot", "--set", "token=x"), "use --secret-file token=PATH"),
        (("hubspot", "--set", "portal"), "write --set KEY=VALUE"),
    ],
)
def test_mistake_is_named(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = add(*arguments, "--number", NUMBER)
    assert result.exit_code != 0
    text = result.output + str(result.exception)
    assert message in text
    assert list(folder.iterdir()) == []


def test_what_a_preset_needs_is_asked_for(folder: Path) -> None:
    result = add("tryton", answers="\n" * 3)
    assert "site (as in https://erp.example.com)" in result.output
