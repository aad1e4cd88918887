"""The syntax tree of JavaScript: how to walk it and find imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import tree_sitter
import tree_sitter_javascript

from callcard.bundle.sources import resolve_path

SyntaxNode = tree_sitter.Node
_parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


def parse(source: bytes) -> SyntaxNode:
    """Return the root of the syntax tree."""
    return _parser.parse(source).root_node


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


def reachable_modules(
    main: str, assets: Mapping[str, bytes], *, dynamic: bool = False
) -> list[str]:
    """Return `main` and every module that it imports, directly or not."""
    found = [main]
    waiting = [main]
    while waiting:
        name = waiting.pop()
        for node in walk(parse(assets[name])):
            path = imported_path(node, dynamic=dynamic)
            if path is None:
                continue
            target = resolve_path(name, path)
            if target in assets and target not in found:
                found.append(target)
                waiting.append(target)
    return found
