"""Minification of scripts and style sheets: what a page loads, as small as it gets."""

from __future__ import annotations

import minify

from callcard.bundle.errors import BundleError
from callcard.bundle.javascript import (
    NAME_TYPES,
    SyntaxNode,
    field,
    is_binding,
    nodes_of,
    text_of,
    walk,
)
from callcard.bundle.sources import FOLDER

_DECLARATIONS = ("lexical_declaration", "variable_declaration")
_RUN_LATER = ("arrow_function", "function_expression", "method_definition", "class")
_QUOTED_CHARACTERS = 160
_MEDIA_TYPES = {".js": "application/javascript", ".css": "text/css"}


def minify_asset(name: str, source: bytes) -> bytes:
    """Return a script or style sheet in fewer bytes, other assets as they are.

    Raises BundleError, without a useful line, if `source` cannot be read or is changed in its
    meaning.
    """
    media_type = _MEDIA_TYPES.get(name[name.rfind(".") :])
    if media_type is None or not source.strip():
        return source
    try:
        minified: str = minify.string(media_type, source.decode())
    except minify.MinifyError as error:
        raise BundleError(f"{FOLDER}{name}", 1, f"cannot be minified: {error}") from error
    content = minified.encode()
    if media_type == _MEDIA_TYPES[".js"] and (moved := use_before_declaration(content)):
        problem = f"the minifier uses a name before its declaration, write it otherwise: {moved}"
        raise BundleError(f"{FOLDER}{name}", 1, problem)
    return content


def use_before_declaration(script: bytes) -> str:
    """Return a declaration that uses what a later part of it declares, or nothing.

    tdewolff-minify 2.24 makes one declaration of several, and puts `const {a} = f({b})` before the
    `const b = []` above it.
    """
    for node in nodes_of(script):
        if node.type not in _DECLARATIONS:
            continue
        declared: set[str] = set()
        for declarator in reversed(node.named_children):
            if declarator.type != "variable_declarator":
                continue
            declared |= {
                text_of(each)
                for each in walk(field(declarator, "name"))
                if each.type in NAME_TYPES and is_binding(each)
            }
            value = declarator.child_by_field_name("value")
            if value is not None and not declared.isdisjoint(_names_used_at_once(value)):
                return text_of(node)[:_QUOTED_CHARACTERS]
    return ""


def _names_used_at_once(value: SyntaxNode) -> set[str]:
    """Return the names that an expression uses, without those in functions that it makes."""
    names = set()
    stack = [value]
    while stack:
        node = stack.pop()
        if node.type in _RUN_LATER:
            continue
        if node.type in NAME_TYPES:
            names.add(text_of(node))
        stack += node.children
    return names
