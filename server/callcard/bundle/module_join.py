"""Joining of a page's JavaScript modules into one script.

A page loads one file then instead of dozens, and one large file compresses better than many small
ones. The modules of a script share the scope of a function, in which the minifier shortens their
names. A module of which a name clashes with another module's becomes a function of its own, which
returns its exports.

What `import()` names is loaded later: each becomes a further script, with the modules that neither
the page's script nor an earlier one of them has. It uses theirs, which they pass on in a global
object, by short names: the page must load these scripts one after the other, as its modules name
them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping

from callcard.bundle.errors import BundleError
from callcard.bundle.javascript import (
    NAME_TYPES,
    SyntaxNode,
    arguments_of,
    declared_names,
    field,
    imported_names,
    imported_path,
    is_binding,
    literal,
    nodes_of,
    parse,
    text_of,
    walk,
)
from callcard.bundle.short_names import short_name
from callcard.bundle.sources import FOLDER, resolve_path

SHARED = "callcardShared"
"""The global object with what later scripts use of the page's script and of each other."""


def join_modules(main: str, assets: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the page's script under the name `main`, and each later one under its module's name.

    Raises BundleError.
    """
    page = _import_order(main, assets)
    parts = [[_Module(name, main, assets[name]) for name in page]]
    for entry, names in later_parts(main, assets).items():
        parts.append([_Module(name, entry, assets[name]) for name in names])
    _check_exports(parts)
    keys = _shared_keys(parts)
    scripts = {}
    for number, part in enumerate(parts):
        own = [module.name for module in part]
        shared = [f"{keys[each]}: {each}" for each in sorted(_imported(parts[number + 1 :], own))]
        pass_on = f"globalThis.{SHARED} = {{ ...globalThis.{SHARED}, {', '.join(shared)} }};\n"
        tail = pass_on if shared else ""
        if number == 0:
            scripts[main] = b"(() => {\n" + _joined(part) + tail.encode() + b"})();\n"
            continue
        earlier = [module.name for each in parts[:number] for module in each]
        used = sorted(_imported([part], earlier))
        taken = ", ".join(f"{keys[each]}: {each}" for each in used)
        head = f"const {{ {taken} }} = globalThis.{SHARED};\n" if used else ""
        exports = ", ".join(part[-1].exports)
        head = f"export const {{ {exports} }} = (() => {{\n{head}"
        tail += f"return {{ {exports} }};\n}})();\n"
        scripts[own[-1]] = head.encode() + _joined(part, frozenset(used)) + tail.encode()
    return scripts


def _shared_keys(parts: list[list[_Module]]) -> dict[str, str]:
    """Return the keys in the global object of what later parts import, by name."""
    names: set[str] = set()
    for number in range(1, len(parts)):
        earlier = [module.name for part in parts[:number] for module in part]
        names |= _imported([parts[number]], earlier)
    return {name: short_name(number) for number, name in enumerate(sorted(names))}


def page_modules(main: str, assets: Mapping[str, bytes]) -> list[str]:
    """Return the modules of the page's script."""
    return _import_order(main, assets)


def later_parts(main: str, assets: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return the modules of each script that is loaded later, by the module that `import()` names.

    That one comes last. Raises BundleError if it loads another one.
    """
    known = _import_order(main, assets)
    parts = {}
    for entry in _later_entries(known, assets):
        own = [name for name in _import_order(entry, assets) if name not in known]
        if again := _later_entries(own, assets):
            reason = f"is loaded later, and can't load {again[0]} later still"
            raise BundleError(f"{FOLDER}{entry}", 1, reason)
        parts[entry] = own
        known = [*known, *own]
    return parts


def _later_entries(order: list[str], assets: Mapping[str, bytes]) -> list[str]:
    found: list[str] = []
    for name in order:
        for node in nodes_of(assets[name]):
            path = imported_path(node) if node.type == "call_expression" else None
            if path is not None and (target := resolve_path(name, path)) not in found:
                if target in order:
                    line = node.start_point.row + 1
                    reason = f"import() of {path}, which the page's script has already"
                    raise BundleError(f"{FOLDER}{name}", line, reason)
                found.append(target)
    return found


def _check_exports(parts: list[list[_Module]]) -> None:
    """Raise BundleError if an export means something else in another module.

    What the last module of a part exports is for `import()` alone: other parts do not see it.
    """
    for part in parts:
        for other_part in parts:
            is_same = other_part is part
            for module in part if is_same else part[:-1]:
                for other in other_part if is_same else other_part[:-1]:
                    module.check_exports(other)


def _imported(parts: list[list[_Module]], modules: Collection[str]) -> set[str]:
    """Return the names that parts import from some modules."""
    return {name for part in parts for module in part for name in module.imported(modules)}


def _joined(modules: list[_Module], given: frozenset[str] = frozenset()) -> bytes:
    """Return modules as one script; the names `given` are declared before it."""
    return b"".join(
        module.render(
            is_apart=module.declares(given) or any(module.clashes_with(each) for each in modules)
        )
        for module in modules
    )


def _import_order(main: str, assets: Mapping[str, bytes]) -> list[str]:
    """Return the modules, each after those that it imports, as a browser evaluates them."""
    order: list[str] = []
    open_modules: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in open_modules:
            raise BundleError(f"{FOLDER}{name}", 1, f"imports itself by way of {open_modules[-1]}")
        open_modules.append(name)
        for node in parse(assets[name]).children:
            path = imported_path(node, dynamic=False)
            if path is not None:
                visit(resolve_path(name, path))
        open_modules.pop()
        order.append(name)

    visit(main)
    return order


class _Module:
    """One module on its way into the joined script of `main`."""

    def __init__(self, name: str, main: str, source: bytes) -> None:
        self.name = name
        self._main = main
        self._source = source
        self._tree = parse(source)
        self.exports: list[str] = []
        self._imported: dict[str, set[str]] = {}
        """The names that it imports, by module."""
        self._declared: set[str] = set()
        """The names that it declares at the top."""
        self._bound: set[str] = set()
        """The names that it imports, or declares anywhere."""
        self._used: set[str] = set()
        self._read_names()
        self._body = self._without_imports()

    def _read_names(self) -> None:
        for statement in self._tree.children:
            if statement.type == "import_statement":
                names = imported_names(statement)
                self._bound.update(local for _, local in names)
                target = resolve_path(self.name, imported_path(statement) or "")
                self._imported.setdefault(target, set()).update(name for name, _ in names)
                continue
            self._declared.update(declared_names(statement))
            for node in walk(statement):
                if node.type in NAME_TYPES:
                    self._used.add(text_of(node))
                    if is_binding(node):
                        self._bound.add(text_of(node))

    def imported(self, modules: Collection[str]) -> set[str]:
        """Return the names that it imports from some modules."""
        return {name for target in modules for name in self._imported.get(target, ())}

    def declares(self, names: frozenset[str]) -> bool:
        """Return whether one of `names` means something else here, at the top."""
        return not names.isdisjoint(self._declared)

    def check_exports(self, other: _Module) -> None:
        """Raise BundleError if an export means something else in another module."""
        for name in self.exports:
            if other is not self and name in other._own_exports & self._own_exports:
                raise self._error(f"exports {name}, as {other.name} does; rename one")
            if name in other._used - other._bound:
                raise self._error(f"exports {name}, which {other.name} uses as a global")

    @property
    def _own_exports(self) -> set[str]:
        """The names that it exports and has not imported itself."""
        return set(self.exports).difference(*self._imported.values())

    def clashes_with(self, other: _Module) -> bool:
        """Return whether a name that is private here means something else in another module."""
        private = self._declared - set(self.exports)
        elsewhere = other._declared | (other._used - other._bound)
        return other is not self and not private.isdisjoint(elsewhere)

    def render(self, *, is_apart: bool) -> bytes:
        """Return the module's code; `is_apart`: only its exports are visible to others."""
        if not is_apart:
            return self._body
        exports = ", ".join(sorted(self._own_exports))
        head = f"const {{ {exports} }} = (() => {{\n".encode()
        return head + self._body + f"return {{ {exports} }};\n}})();\n".encode()

    def _without_imports(self) -> bytes:
        body = bytearray()
        position = 0
        for start, end, replacement in self._replacements():
            body += self._source[position:start] + replacement.encode()
            position = end
        return bytes(body + self._source[position:] + b"\n")

    def _replacements(self) -> Iterator[tuple[int, int, str]]:
        """Yield what to replace in the source: start, end and the new text."""
        for node in self._tree.children:
            if node.type == "import_statement":
                yield node.start_byte, node.end_byte, self._import(node)
            elif node.type == "export_statement":
                declaration = node.child_by_field_name("declaration")
                self.exports += self._exported_names(node)
                start = node.end_byte if declaration is None else declaration.start_byte
                yield node.start_byte, start, ""
                yield from self._dynamic_imports(node)
            else:
                yield from self._dynamic_imports(node)

    def _import(self, node: SyntaxNode) -> str:
        for child in walk(node):
            if child.type == "import_clause" and child.children[0].type != "named_imports":
                raise self._error("import the names, as in import { name } from …", node)
        aliases = [(name, local) for name, local in imported_names(node) if name != local]
        self._declared.update(local for _, local in aliases)
        return "".join(f"const {local} = {name};" for name, local in aliases)

    def _exported_names(self, node: SyntaxNode) -> list[str]:
        declaration = node.child_by_field_name("declaration")
        if declaration is None:
            if node.child_by_field_name("source") is not None:
                raise self._error("export … from is not supported; import, then export", node)
            specifiers = [child for child in walk(node) if child.type == "export_specifier"]
            if not specifiers and text_of(node).split()[:2] != ["export", "{};"]:
                raise self._error("export a name; a default export has none", node)
            return [text_of(field(each, "name")) for each in specifiers]
        return declared_names(node)

    def _dynamic_imports(self, root: SyntaxNode) -> Iterator[tuple[int, int, str]]:
        """Yield the paths of `import()`, relative to the joined script."""
        for node in walk(root):
            if node.type != "call_expression" or imported_path(node) is None:
                continue
            argument = arguments_of(node)[0]
            target = resolve_path(self.name, literal(argument))
            path = posixpath.relpath(target, posixpath.dirname(self._main))
            yield argument.start_byte, argument.end_byte, f'"./{path}"'

    def _error(self, reason: str, node: SyntaxNode | None = None) -> BundleError:
        line = 1 if node is None else node.start_point.row + 1
        return BundleError(f"{FOLDER}{self.name}", line, reason)
