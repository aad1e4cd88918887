"""The registry: sources from configuration, and errors that name the fix."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from callcard.crm import registry
from callcard.crm.base import ContactSource
from callcard.crm.local import LocalContacts
from callcard.crm.open_sources import check_sources, open_delivery_sinks, open_sources
from callcard.crm.registry import open_sink, open_source
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.crm.webhook import Webhook
from callcard.errors import OperatorError
from callcard.settings import Settings
from tests.conftest import ROOT

pytestmark = pytest.mark.anyio


async def test_source_is_made_from_text_options(tmp_path: Path) -> None:
    source = open_source("local", path=str(tmp_path / "c.sqlite"), country="US", suffix_digits="7")
    assert isinstance(source, LocalContacts)
    assert source.capabilities == {
        "by_number",
        "search",
        "get",
        "by_reference",
        "create",
        "add_number",
        "create_case",
        "log",
    }
    await source.close()
    sink = open_sink("webhook", url="https://crm.example/{id}")
    assert isinstance(sink, Webhook)
    assert sink.capabilities == {"log"}
    await sink.close()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("webhok", {}, "there is no contact source 'webhok'; did you mean webhook"),
        (
            "zzz",
            {},
            "no contact source 'zzz'; there are carddav, jsonrpc, ldap, local, odata, rest, sql",
        ),
        ("webhook", {"ur": "x"}, "webhook has no option 'ur'; did you mean url"),
        ("webhook", {}, "options of webhook: .*missing required field `url`"),
        ("webhook", {"url": "https://x", "timeout_seconds": "fast"}, "timeout_seconds"),
        ("local", {"path": "x", "country": "US", "suffix_digits": []}, "suffix_digits"),
    ],
)
def test_configuration_error_names_the_fix(
    kind: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(OperatorError, match=message):
        open_source(kind, **options)


def test_sink_must_be_able_to_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SOURCES, "phone_book", f"{__name__}:PhoneBook")
    with pytest.raises(OperatorError, match="phone_book does not log interactions; choose one of"):
        open_sink("phone_book")


def test_delivery_needs_a_source_that_can_log(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=r"\(phone_book\); set delivery.url"):
        open_delivery_sinks(settings, [GuardedSource(PhoneBook(), SourceLimits(), 1.5)])


async def test_call_goes_to_the_source_of_its_contact_or_to_the_first_that_can_log(
    settings: Settings, tmp_path: Path
) -> None:
    tables = (
        {"kind": "local", "name": name, "path": str(tmp_path / f"{name}.sqlite")}
        for name in ("first", "second")
    )
    phone_book = GuardedSource(PhoneBook(), SourceLimits(), 1.5)
    sources = open_sources(msgspec.structs.replace(settings, sources=tuple(tables)))
    sinks = open_delivery_sinks(settings, [phone_book, *sources])
    assert [(each.sink.name, each.source) for each in sinks] == [
        ("first", ""),
        ("second", "second"),
    ]
    delivery = msgspec.structs.replace(settings.delivery, url="https://crm.example/{id}")
    (sink,) = open_delivery_sinks(msgspec.structs.replace(settings, delivery=delivery), sources)
    assert (sink.sink.name, sink.source) == ("webhook", "")
    await sink.sink.close()
    for source in sources:
        await source.close()


def test_check_of_sources_rejects_an_unusable_contacts_file(settings: Settings) -> None:
    Path(settings.contacts_path).write_text("not a database" * 100)
    with pytest.raises(OperatorError, match="is not an SQLite database"):
        check_sources(settings)


class PhoneBook(ContactSource):
    name = "phone_book"


def test_kinds_are_in_alphabetical_order_and_load() -> None:
    assert list(registry.SOURCES) == sorted(registry.SOURCES)
    for kind in registry.SOURCES:
        source_class = registry.load_class(kind)
        assert source_class.name == kind
        assert source_class.capabilities


def test_adapters_are_imported_on_use() -> None:
    code = "import callcard.crm.registry, sys; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "server")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "callcard.crm.registry" in loaded
    assert not {"callcard.crm.local", "callcard.crm.webhook", "httpx"} & loaded


def test_readme_lists_every_kind_with_its_options() -> None:
    readme = (ROOT / "server" / "callcard" / "crm" / "README.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in readme.splitlines() if line.startswith("| `")}
    for kind in registry.SOURCES:
        options = registry.load_class(kind).Options
        for field in msgspec.structs.fields(options):
            is_shared = "those of `rest`" in rows[kind] and f"`{field.name}`" in rows["rest"]
            assert f"`{field.name}`" in rows[kind] or is_shared, field.name
