"""Joining of a page's JavaScript modules into one script.

A page loads one file then instead of dozens, and one large file compresses better than many small
ones. Each module becomes a function that returns its exports, so that names do not clash.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from callcard.bundle.errors import BundleError
from callcard.bundle.javascript import (
    SyntaxNode,
    arguments_of,
    field,
    imported_path,
    literal,
    parse,
    reachable_modules,
    text_of,
    walk,
)
from callcard.bundle.sources import FOLDER, resolve_path


def join_modules(main: str, assets: Mapping[str, bytes]) -> bytes:
    """Return `main` and the modules that it imports as one script. Raises BundleError."""
    order = _import_order(main, assets)
    variables = {name: f"module{number}" for number, name in enumerate(order)}
    return b"".join(_Module(name, main, assets[name], variables).render() for name in order)


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

    def __init__(self, name: str, main: str, source: bytes, variables: Mapping[str, str]) -> None:
        self._name = name
        self._main = main
        self._source = source
        self._variables = variables
        self._exports: list[str] = []

    def render(self) -> bytes:
        """Return the module as a function call whose result is the module's exports."""
        body = bytearray()
        position = 0
        for start, end, replacement in self._replacements():
            body += self._source[position:start] + replacement.encode()
            position = end
        body += self._source[position:]
        exports = ", ".join(self._exports)
        head = f"const {self._variables[self._name]} = (() => {{\n"
        return head.encode() + bytes(body) + f"\nreturn {{ {exports} }};\n}})();\n".encode()

    def _replacements(self) -> Iterator[tuple[int, int, str]]:
        """Yield what to replace in the source: start, end and the new text."""
        for node in parse(self._source).children:
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
        path = imported_path(node) or ""
        variable = self._variables[resolve_path(self._name, path)]
        names = []
        for child in walk(node):
            if child.type == "import_specifier":
                alias = child.child_by_field_name("alias")
                name = text_of(field(child, "name"))
                names.append(name if alias is None else f"{name}: {text_of(alias)}")
            elif child.type == "import_clause" and child.children[0].type != "named_imports":
                raise self._error(node, "import the names, as in import { name } from …")
        return f"const {{ {', '.join(names)} }} = {variable};" if names else ""

    def _exported_names(self, node: SyntaxNode) -> list[str]:
        declaration = node.child_by_field_name("declaration")
        if declaration is None:
            if node.child_by_field_name("source") is not None:
                raise self._error(node, "export … from is not supported; import, then export")
            specifiers = [child for child in walk(node) if child.type == "export_specifier"]
            if not specifiers and text_of(node).split()[:2] != ["export", "{};"]:
                raise self._error(node, "export a name; a default export has none")
            return [text_of(field(each, "name")) for each in specifiers]
        if declaration.type == "lexical_declaration":
            declarators = [each for each in declaration.children if each.is_named]
            return [text_of(field(each, "name")) for each in declarators]
        return [text_of(field(declaration, "name"))]

    def _dynamic_imports(self, root: SyntaxNode) -> Iterator[tuple[int, int, str]]:
        """Yield the paths of `import()`, relative to the joined script."""
        for node in walk(root):
            if node.type != "call_expression" or imported_path(node) is None:
                continue
            argument = arguments_of(node)[0]
            target = resolve_path(self._name, literal(argument))
            path = posixpath.relpath(target, posixpath.dirname(self._main))
            yield argument.start_byte, argument.end_byte, f'"./{path}"'

    def _error(self, node: SyntaxNode, reason: str) -> BundleError:
        return BundleError(f"{FOLDER}{self._name}", node.start_point.row + 1, reason)
