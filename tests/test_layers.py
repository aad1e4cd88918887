"""Import walls between the packages, in both directions, and purity of the modules without I/O."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SERVER = ROOT / "server"

PURE = {
    "callcard/crm/base.py",
    "callcard/errors.py",
    "callcard/finesse/messages.py",
    "callcard/finesse/objects.py",
    "callcard/finesse/state_diff.py",
    "callcard/journal/call_record.py",
    "callcard/journal/customer_number.py",
    "callcard/journal/notes.py",
    "callcard/telephony/call_variables.py",
    "callcard/telephony/numbers.py",
    "callcard/text.py",
    "callcard/times.py",
    "finesse_sandbox/site.py",
    "finesse_sandbox/telephony/agents.py",
    "finesse_sandbox/telephony/call_data.py",
    "finesse_sandbox/telephony/calls.py",
    "finesse_sandbox/telephony/switch.py",
    "finesse_sandbox/telephony/tasks.py",
}
IO = {"aiohttp", "asyncio", "httpx", "requests", "socket", "sqlite3", "starlette", "uvicorn"}

# A package and the packages that it must not import. Dependencies point one way (server/README.md):
# api -> actions -> journal -> telephony, routing, crm, finesse -> store -> leaf modules.
_ABOVE_STORE = ("callcard.finesse", "callcard.crm", "callcard.telephony")
_ABOVE_JOURNAL = (
    "callcard.actions",
    "callcard.api",
    "callcard.app",
    "callcard.cli",
    "callcard.demo",
)
_ABOVE_FINESSE = ("callcard.journal", *_ABOVE_JOURNAL)
FORBIDDEN = {
    "callcard/actions": ("callcard.api.routes", "callcard.app", "httpx", "starlette", "lxml"),
    "callcard/api": ("callcard.app", "callcard.cli", "callcard.demo", "httpx", "lxml"),
    "callcard/crm": ("callcard.finesse", "starlette", "lxml"),
    "callcard/finesse": ("callcard.crm", "starlette"),
    "callcard/journal": ("httpx", "starlette", "lxml"),
    "callcard/store": (
        "callcard.finesse",
        "callcard.crm",
        "callcard.actions",
        "starlette",
        "httpx",
    ),
    "callcard/telephony": ("starlette", "httpx", "lxml"),
}


def modules(package: str) -> list[Path]:
    return sorted((SERVER / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    return set(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_do_no_io(name: str) -> None:
    assert not {each.split(".")[0] for each in imported(SERVER / name)} & IO


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_point_one_way(package: str) -> None:
    assert modules(package)
    for file in modules(package):
        for name in imported(file):
            assert not any(is_in(name, each) for each in FORBIDDEN[package]), f"{file}: {name}"


def test_sandbox_imports_only_the_bundle_of_callcard() -> None:
    for file in modules("finesse_sandbox"):
        for name in imported(file):
            if is_in(name, "callcard"):
                assert is_in(name, "callcard.bundle") or name == "callcard", f"{file}: {name}"


def test_only_demo_and_cli_import_the_sandbox() -> None:
    for file in modules("callcard"):
        if {"cli", "demo"} & set(file.relative_to(SERVER).parts):
            continue
        assert not any(is_in(name, "finesse_sandbox") for name in imported(file)), file


def test_httpx_is_imported_in_few_files() -> None:
    files = {
        str(file.relative_to(SERVER)) for file in modules("callcard") if "httpx" in imported(file)
    }
    outside_crm = {
        file for file in files if not file.startswith(("callcard/crm/", "callcard/demo/"))
    }
    assert outside_crm == {"callcard/app.py", "callcard/finesse/client.py"}


def test_one_gadget_file_uses_the_container_and_the_finesse_library() -> None:
    for file in (ROOT / "gadget").rglob("*.js"):
        if file.name == "desktop.js":
            continue
        lines = file.read_text().splitlines()
        code = [line for line in lines if not line.lstrip().startswith(("//", "*", "/**"))]
        source = "\n".join(code)
        assert "gadgets." not in source, file
        for harmless in ("error.finesse", "finesse.js", '"finesse-'):
            source = source.replace(harmless, "")
        assert "finesse." not in source, file
