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
    "callcard/finesse/codec.py",
    "callcard/finesse/messages.py",
    "callcard/finesse/objects.py",
    "callcard/finesse/state_diff.py",
    "callcard/journal/call_identity.py",
    "callcard/journal/call_record.py",
    "callcard/journal/lifecycle.py",
    "callcard/journal/record_merging.py",
    "callcard/journal/report.py",
    "callcard/journal/customer_number.py",
    "callcard/journal/notes.py",
    "callcard/telephony/call_variables.py",
    "callcard/telephony/number_text.py",
    "callcard/telephony/numbers.py",
    "callcard/text.py",
    "callcard/times.py",
    "finesse_sandbox/api_errors.py",
    "finesse_sandbox/site.py",
    "finesse_sandbox/telephony/agents.py",
    "finesse_sandbox/telephony/allowed_actions.py",
    "finesse_sandbox/telephony/call_variables.py",
    "finesse_sandbox/telephony/calls.py",
    "finesse_sandbox/telephony/dialling.py",
    "finesse_sandbox/telephony/dialogs.py",
    "finesse_sandbox/telephony/outbound.py",
    "finesse_sandbox/telephony/release.py",
    "finesse_sandbox/telephony/supervision.py",
    "finesse_sandbox/telephony/switch.py",
    "finesse_sandbox/telephony/media_tasks.py",
    "finesse_sandbox/telephony/transfer.py",
}
IO = {
    "aiohttp",
    "httptools",
    "asyncio",
    "httpx",
    "requests",
    "socket",
    "sqlite3",
    "starlette",
    "uvicorn",
}

# Dependencies point one way (server/README.md): a module imports only from lower layers, or its own
# package.
LAYERS = (
    (
        "callcard.cli",
        "callcard.demo",
        "callcard.app",
        "callcard.crm_connections",
        "callcard.issuer_keys",
        "callcard.__main__",
    ),
    ("callcard.api",),
    ("callcard.actions",),
    ("callcard.journal",),
    (
        "callcard.telephony",
        "callcard.routing",
        "callcard.crm",
        "callcard.finesse",
        "callcard.principals",
    ),
    ("callcard.store",),
    (
        "callcard.bundle",
        "callcard.docs",
        "callcard.errors",
        "callcard.events",
        "callcard.extras",
        "callcard.secret_files",
        "callcard.futures",
        "callcard.gc_tuning",
        "callcard.http_transport",
        "callcard.terminal",
        "callcard.settings",
        "callcard.settings_sections",
        "callcard.text",
        "callcard.times",
    ),
)
# What a module may import from a higher layer, with the reason.
EXCEPTIONS = {
    ("callcard.events", "callcard.principals"),  # only for type checking
    ("callcard.settings", "callcard.telephony"),  # numbers: dial rules are checked at the start
    ("callcard.docs", "callcard.api"),  # pages are generated from the endpoints
    ("callcard.docs", "callcard.crm"),  # and from the sources' options
    ("callcard.docs", "callcard.finesse"),  # its examples use the client
}
# Libraries that a package must not import: each protocol has its own package.
FORBIDDEN = {
    "callcard/actions": ("httpx", "starlette", "lxml", "sqlite3"),
    "callcard/api": ("httpx", "lxml", "sqlite3"),
    "callcard/crm": ("starlette", "lxml"),
    "callcard/finesse": ("starlette", "sqlite3"),
    "callcard/journal": ("httpx", "starlette", "lxml", "sqlite3"),
    "callcard/routing": ("httpx", "starlette", "lxml", "sqlite3"),
    "callcard/store": ("starlette", "httpx", "lxml"),
    "callcard/telephony": ("starlette", "httpx", "lxml", "sqlite3"),
}
PERMITTED = {  # protocols of XML
    "callcard/api/home_workers.py": "httpx",  # to the other workers of the same service
    "callcard/api/xml_bodies.py": "lxml",
    "callcard/crm/carddav.py": "lxml",
    "callcard/routing/curri.py": "lxml",
    "callcard/routing/script_answer.py": "lxml",
}


def modules(package: str) -> list[Path]:
    return sorted((SERVER / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    return set(_imported(path))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(SERVER).with_suffix("").parts).removesuffix(".__init__")


def runtime_imports(path: Path) -> Iterator[str]:
    """Yield the modules that are imported when the module is: not in functions, not for type
    checking."""
    waiting = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Try):
            waiting += node.body


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


def layer_of(name: str) -> tuple[int, str] | None:
    """Return the layer and the package of a module of callcard."""
    for layer, packages in enumerate(LAYERS):
        for package in packages:
            if is_in(name, package):
                return layer, package
    return None


def test_every_module_has_a_layer() -> None:
    for file in modules("callcard"):
        if file != SERVER / "callcard" / "__init__.py":
            assert layer_of(module_name(file)), file


def test_imports_point_one_way() -> None:
    for file in modules("callcard"):
        own = layer_of(module_name(file))
        for name in imported(file):
            other = layer_of(name)
            if own is None or other is None or (own[1], other[1]) in EXCEPTIONS:
                continue
            assert other[0] >= own[0], f"{file} imports {name} of a higher layer"


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_package_leaves_other_protocols_alone(package: str) -> None:
    assert modules(package)
    for file in modules(package):
        permitted = PERMITTED.get(file.relative_to(SERVER).as_posix())
        for name in imported(file):
            wrong = [each for each in FORBIDDEN[package] if is_in(name, each)]
            assert wrong in ([], [permitted]), f"{file}: {name}"


def test_only_one_module_knows_which_store_it_is() -> None:
    for file in modules("callcard"):
        if "callcard.store.sqlite_store" in imported(file):
            assert file == SERVER / "callcard" / "store" / "open_store.py"


def test_there_are_no_import_cycles() -> None:
    graph = {
        module_name(file): set(runtime_imports(file))
        for package in ("callcard", "finesse_sandbox")
        for file in modules(package)
    }
    graph = {module: {name for name in names if name in graph} for module, names in graph.items()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for name in sorted(graph[module]):
                visit(name, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_no_file_has_more_than_400_lines() -> None:
    files = [
        file
        for folder in ("server", "gadget", "tests")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".js", ".mjs", ".css", ".html", ".j2") and file.is_file()
    ]
    assert not {
        str(file.relative_to(ROOT)): lines
        for file in [*files, ROOT / "build.py"]
        if (lines := len(file.read_text("utf-8").splitlines())) > 400
    }


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
        file
        for file in files
        if not file.startswith(("callcard/crm/", "callcard/demo/", "callcard/docs/examples/"))
    }
    assert outside_crm == {
        "callcard/api/home_workers.py",
        "callcard/app.py",
        "callcard/finesse/client.py",
        "callcard/finesse/connections.py",
        "callcard/http_transport.py",
        "callcard/finesse/rest_transport.py",
        "callcard/issuer_keys.py",
    }


def strings(path: Path) -> Iterator[str]:
    """Yield the string constants of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.value


FINESSE_ELEMENTS = {
    # Names that occur nowhere but in Finesse's XML.
    "associatedDialogUri", "mediaProperties", "mediaAddress", "targetMediaAddress",
    "requestedAction", "actionParams", "dtmfString", "callvariables", "wrapUpItems",
    "reasonCodeId", "loginId", "ApiErrors", "apiErrors",
}  # fmt: skip


def test_finesse_paths_and_elements_are_only_in_its_client() -> None:
    for file in modules("callcard"):
        if file.is_relative_to(SERVER / "callcard/finesse"):
            continue
        for text in strings(file):
            assert "/finesse/api" not in text, file
            assert text not in FINESSE_ELEMENTS, file


def test_only_the_desktop_modules_use_the_container_and_the_finesse_library() -> None:
    for file in (ROOT / "gadget").rglob("*.js"):
        if file.name in ("desktop.js", "desktop-team.js"):
            continue
        lines = file.read_text().splitlines()
        code = [line for line in lines if not line.lstrip().startswith(("//", "*", "/**"))]
        source = "\n".join(code)
        assert "gadgets." not in source, file
        for harmless in ("error.finesse", "finesse.js", '"finesse-'):
            source = source.replace(harmless, "")
        assert "finesse." not in source, file
