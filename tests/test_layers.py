"""Imports point one way, and what is pure stays pure."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

PURE = {
    "server/finesse/changes.py",
    "server/finesse/messages.py",
    "server/finesse/objects.py",
    "server/numbers.py",
    "server/merging.py",
    "server/record.py",
    "server/actions/customer.py",
    "server/errors.py",
    "server/folding.py",
    "server/times.py",
    "server/crm/base.py",
    "server/sandbox/agents.py",
    "server/sandbox/calldata.py",
    "server/sandbox/calls.py",
    "server/sandbox/people.py",
    "server/sandbox/switch.py",
    "server/sandbox/tasks.py",
}
IO = {"httpx", "aiohttp", "starlette", "uvicorn", "socket", "sqlite3", "asyncio", "requests"}

# Who may not import whom: the product does not know its stand-in, rules do not know the wire, sources do not know Finesse.
FORBIDDEN = {
    "server/actions": ("server.routes", "server.app", "server.sandbox", "httpx", "starlette", "server.finesse.messages.Request"),
    "server/store": ("server.finesse", "server.routes", "server.actions", "server.sandbox", "server.crm", "starlette"),
    "server/crm": ("server.finesse", "server.routes", "server.actions", "server.sandbox", "starlette"),
    "server/finesse": ("server.actions", "server.crm", "server.routes", "server.sandbox", "starlette"),
    "server/routes.py": ("server.sandbox", "httpx", "lxml"),
    "server/app.py": ("server.sandbox",),
    "server/auth.py": ("server.sandbox", "server.routes", "httpx"),
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_do_no_io(name: str) -> None:
    assert not {each.split(".")[0] for each in imported(ROOT / name)} & IO


@pytest.mark.parametrize("place", sorted(FORBIDDEN))
def test_imports_point_one_way(place: str) -> None:
    files = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).glob("*.py"))
    for file in files:
        for name in imported(file):
            assert not any(name == bad or name.startswith(bad + ".") for bad in FORBIDDEN[place]), f"{file}: {name}"


def test_httpx_is_imported_in_few_files() -> None:
    files = {str(p.relative_to(ROOT)) for p in (ROOT / "server").rglob("*.py") if "httpx" in imported(p)}
    # Adapters of CRMs that speak HTTP import it too: each is one file.
    assert {f for f in files if "sandbox" not in f and "crm/" not in f} == {"server/app.py", "server/finesse/client.py"}


def test_the_container_and_the_library_are_touched_in_one_file() -> None:
    for file in (ROOT / "gadget").rglob("*.js"):
        if file.name != "desktop.js":
            source = "\n".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith(("//", "*", "/**")))
            assert "gadgets." not in source, file
            assert "finesse." not in source.replace("error.finesse", "").replace("finesse.js", "").replace('"finesse-', ""), file
