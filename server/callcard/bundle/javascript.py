"""The syntax tree of JavaScript: how to walk it and find imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import tree_sitter
import tree_sitter_javascript

from callcard.bundle.sources import resolve_path

SyntaxNode = tree_sitter.Node
REMEMBERED_SOURCES = 256
"""More than a bundle has."""
_parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


@lru_cache(REMEMBERED_SOURCES)
def parse(source: bytes) -> SyntaxNode:
    """Return the root of the syntax tree."""
    return _parser.parse(source).root_node


@lru_cache(REMEMBERED_SOURCES)
def nodes_of(source: bytes) -> tuple[SyntaxNode, ...]:
    """Return every node of a source in its order. Remembered: each check looks at all of them."""
    return tuple(walk(parse(source)))


def walk(root: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield `root` and every node below it in source order, without recursion."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def text_of(node: SyntaxNode) -> str:
    return (node.text or b"").decode()


def literal(node: SyntaxNode) -> str:
    """Return a string node's text without its quotes."""
    return text_of(node)[1:-1]


def replaced(source: bytes, nodes: Iterable[tuple[SyntaxNode, str]]) -> bytes:
    """Return a source with another text in the place of each node; they come in source order."""
    result = bytearray()
    position = 0
    for node, text in nodes:
        result += source[position : node.start_byte] + text.encode()
        position = node.end_byte
    return bytes(result + source[position:])


def field(node: SyntaxNode, name: str) -> SyntaxNode:
    """Return the child in the field `name`, or `node` itself if there is none."""
    child = node.child_by_field_name(name)
    return node if child is None else child


def last_name(node: SyntaxNode) -> str:
    """Return `b` for `b`, `a.b` and `a["b"]`."""
    if node.type == "subscript_expression":
        index = field(node, "index")
        return literal(index) if index.type == "string" else ""
    return text_of(node.child_by_field_name("property") or node)


def arguments_of(call: SyntaxNode) -> list[SyntaxNode]:
    return [child for child in field(call, "arguments").children if child.is_named]


def imported_path(node: SyntaxNode, *, dynamic: bool = True) -> str | None:
    """Return the path that `node` imports: `import`, `export … from` or a literal `import()`."""
    if node.type in ("import_statement", "export_statement"):
        path = node.child_by_field_name("source")
        return None if path is None else literal(path)
    if dynamic and node.type == "call_expression" and field(node, "function").type == "import":
        arguments = arguments_of(node)
        if arguments and arguments[0].type == "string":
            return literal(arguments[0])
    return None


NAME_TYPES = (
    "identifier",
    "shorthand_property_identifier",
    "shorthand_property_identifier_pattern",
)
"""Nodes that name a variable, where it is declared or used."""
_PATTERNS = ("array_pattern", "rest_pattern", "formal_parameters")
_NAME_FIELDS = {
    "variable_declarator": "name",
    "function_declaration": "name",
    "class_declaration": "name",
    "class": "name",
    "function_expression": "name",
    "arrow_function": "parameter",
    "catch_clause": "parameter",
    "for_in_statement": "left",
    "assignment_pattern": "left",
    "pair_pattern": "value",
}
"""By the node's type, the field with the name that it declares."""


def is_binding(node: SyntaxNode) -> bool:
    """Return whether a node of `NAME_TYPES` declares its name, and does not use it."""
    parent = node.parent
    if node.type == "shorthand_property_identifier_pattern" or parent is None:
        return True
    if parent.type in _PATTERNS:
        return True
    name_field = _NAME_FIELDS.get(parent.type)
    return name_field is not None and parent.child_by_field_name(name_field) == node


def declared_names(statement: SyntaxNode) -> list[str]:
    """Return the names that a statement at the top of a module declares."""
    declaration = statement.child_by_field_name("declaration") or statement
    if declaration.type in ("function_declaration", "class_declaration"):
        return [text_of(field(declaration, "name"))]
    if declaration.type not in ("lexical_declaration", "variable_declaration"):
        return []
    targets = [field(each, "name") for each in declaration.named_children]
    return [
        text_of(node)
        for target in targets
        for node in walk(target)
        if node.type in NAME_TYPES and is_binding(node)
    ]


def imported_names(statement: SyntaxNode) -> list[tuple[str, str]]:
    """Return what an import names: the name there, and the name here."""
    names = []
    for node in walk(statement):
        if node.type == "import_specifier":
            name = field(node, "name")
            names.append((text_of(name), text_of(node.child_by_field_name("alias") or name)))
    return names


def reachable_modules(
    main: str, assets: Mapping[str, bytes], *, dynamic: bool = False
) -> list[str]:
    """Return `main` and every module that it imports, directly or not."""
    found = [main]
    waiting = [main]
    while waiting:
        name = waiting.pop()
        for node in nodes_of(assets[name]):
            path = imported_path(node, dynamic=dynamic)
            if path is None:
                continue
            target = resolve_path(name, path)
            if target in assets and target not in found:
                found.append(target)
                waiting.append(target)
    return found
