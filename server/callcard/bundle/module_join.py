"""Joining of a page's JavaScript modules into one script.

A page loads one file then instead of dozens, and one large file compresses better than many small
ones. The modules share one scope, in which the minifier shortens their names. A module of which a
name clashes with another module's becomes a function that returns its exports.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

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
    parse,
    reachable_modules,
    text_of,
    walk,
)
from callcard.bundle.sources import FOLDER, resolve_path


def join_modules(main: str, assets: Mapping[str, bytes]) -> bytes:
    """Return `main` and the modules that it imports as one script. Raises BundleError."""
    modules = [_Module(name, main, assets[name]) for name in _import_order(main, assets)]
    for module in modules:
        for other in modules:
            module.check_exports(other)
    parts = [
        module.render(is_apart=any(module.clashes_with(other) for other in modules))
        for module in modules
    ]
    return b"(() => {\n" + b"".join(parts) + b"})();\n"


def separate_modules(main: str, assets: Mapping[str, bytes]) -> list[str]:
    """Return the modules that `import()` loads beside the joined script."""
    found: list[str] = []
    for name in _import_order(main, assets):
        for node in walk(parse(assets[name])):
            path = imported_path(node) if node.type == "call_expression" else None
            if path is None:
                continue
            reachable = reachable_modules(resolve_path(name, path), assets, dynamic=True)
            found += [module for module in reachable if module not in found]
    return found


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
        self._name = name
        self._main = main
        self._source = source
        self._tree = parse(source)
        self._exports: list[str] = []
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
                self._bound.update(local for _, local in imported_names(statement))
                continue
            self._declared.update(declared_names(statement))
            for node in walk(statement):
                if node.type in NAME_TYPES:
                    self._used.add(text_of(node))
                    if is_binding(node):
                        self._bound.add(text_of(node))

    def check_exports(self, other: _Module) -> None:
        """Raise BundleError if an export means something else in another module."""
        for name in self._exports:
            if other is not self and name in other._exports:
                raise self._error(f"exports {name}, as {other._name} does; rename one")
            if name in other._used - other._bound:
                raise self._error(f"exports {name}, which {other._name} uses as a global")

    def clashes_with(self, other: _Module) -> bool:
        """Return whether a name that is private here means something else in another module."""
        private = self._declared - set(self._exports)
        elsewhere = other._declared | (other._used - other._bound)
        return other is not self and not private.isdisjoint(elsewhere)

    def render(self, *, is_apart: bool) -> bytes:
        """Return the module's code; `is_apart`: only its exports are visible to others."""
        if not is_apart:
            return self._body
        exports = ", ".join(self._exports)
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
                self._exports += self._exported_names(node)
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
            target = resolve_path(self._name, literal(argument))
            path = posixpath.relpath(target, posixpath.dirname(self._main))
            yield argument.start_byte, argument.end_byte, f'"./{path}"'

    def _error(self, reason: str, node: SyntaxNode | None = None) -> BundleError:
        line = 1 if node is None else node.start_point.row + 1
        return BundleError(f"{FOLDER}{self._name}", line, reason)
