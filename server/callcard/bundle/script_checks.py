"""Checks of one script by its syntax tree, which sees what a regular expression cannot.

A script must not block the desktop, turn data into markup, show a text without a translation
or import a file that does not exist.
"""

from __future__ import annotations

import re

from callcard.bundle.errors import BundleError
from callcard.bundle.javascript import (
    SyntaxNode,
    arguments_of,
    field,
    imported_path,
    last_name,
    literal,
    nodes_of,
    text_of,
)
from callcard.bundle.sources import DEFAULT_LANGUAGE, FOLDER, Sources, resolve_path

SHOWN_PROPERTIES = {
    "textContent",
    "innerText",
    "aria-label",
    "ariaLabel",
    "placeholder",
    "title",
    "alt",
}
"""Properties and attributes whose text reaches the user, also through a screen reader."""
_BLOCKING = {"alert", "confirm", "prompt"}
_GLOBAL_OBJECTS = {"window", "globalThis", "self", "top", "parent", "defaultView"}
_MARKUP_PROPERTIES = {
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "srcdoc",
    "setHTMLUnsafe",
    "createContextualFragment",
}
_USE_TEXT = "use textContent, or h() of shared/dom.js"


def placeholders(text: str) -> set[str]:
    """Return the names in braces that a text is completed with."""
    return set(re.findall(r"{(\w+)}", text))


def check_script(file: str, source: bytes, sources: Sources, first_line: int = 1) -> None:
    """Check the script in `file`, whose text begins at `first_line`. Raises BundleError."""
    checker = _ScriptChecker(file, sources, first_line)
    for node in nodes_of(source):
        checker.check(node)


class _ScriptChecker:
    def __init__(self, file: str, sources: Sources, first_line: int) -> None:
        self._file = file
        self._sources = sources
        self._first_line = first_line

    def check(self, node: SyntaxNode) -> None:
        match node.type:
            case "ERROR":
                raise self._error(node, "not JavaScript; correct the syntax")
            case "identifier":  # called, or only referred to and called later
                if text_of(node) in _BLOCKING:
                    raise self._blocks_desktop(node, text_of(node))
            case "member_expression":
                self._check_member(node)
            case "property_identifier" | "shorthand_property_identifier" | "string_fragment":
                if text_of(node) in _MARKUP_PROPERTIES and not _is_assigned_literal(node):
                    raise self._error(node, f"{text_of(node)} fed by data; {_USE_TEXT}")
            case "assignment_expression":
                if last_name(field(node, "left")) in SHOWN_PROPERTIES:
                    self._check_shown_value(node, node.child_by_field_name("right"))
            case "call_expression":
                self._check_call(node)
        path = imported_path(node)
        if path is not None:
            self._check_import(node, path)

    def _check_member(self, node: SyntaxNode) -> None:
        name = last_name(node)
        if name in _BLOCKING and last_name(field(node, "object")) in _GLOBAL_OBJECTS:
            raise self._blocks_desktop(node, name)

    def _check_call(self, node: SyntaxNode) -> None:
        function = field(node, "function")
        owner = function.child_by_field_name("object")
        name = last_name(function)
        if owner is not None:
            if name in ("write", "writeln") and text_of(owner) == "document":
                raise self._error(node, f"document.{name}() fed by data; {_USE_TEXT}")
        elif name == "h":
            self._check_element(node)
        elif name == "t":
            self._check_translation(node)

    def _check_element(self, call: SyntaxNode) -> None:
        """Check h(tag, attributes, ...children): what it shows must be translated."""
        arguments = arguments_of(call)
        for child in arguments[2:]:
            self._check_shown_value(call, child)
        for pair in arguments[1].children if len(arguments) > 1 else ():
            if pair.type != "pair":
                continue
            attribute = text_of(field(pair, "key")).strip("\"'")
            if attribute in SHOWN_PROPERTIES:
                self._check_shown_value(call, pair.child_by_field_name("value"))

    def _check_translation(self, call: SyntaxNode) -> None:
        """Check t(key, values): the key exists, and every placeholder gets a value."""
        arguments = arguments_of(call)
        if not arguments or arguments[0].type != "string":
            raise self._error(
                call, "t() takes a literal key, so that its translations can be checked"
            )
        key = literal(arguments[0])
        texts = self._sources.texts[DEFAULT_LANGUAGE]
        if key not in texts:
            file = f"{FOLDER}messages/{DEFAULT_LANGUAGE}.json"
            raise self._error(call, f"there is no text {key!r} in {file}; add it")
        given: set[str] = set()
        for values in arguments[1:]:
            given |= _property_names(values)
        missing = placeholders(texts[key]) - given
        if missing:
            raise self._error(
                call, f"the text {key!r} needs values for {', '.join(sorted(missing))}"
            )

    def _check_shown_value(self, node: SyntaxNode, value: SyntaxNode | None) -> None:
        """Reject a literal with a word in it: it would stay English in every language."""
        if value is None or value.type != "string":
            return
        if re.search(r"[^\W\d_]{2}", literal(value)):
            raise self._error(node, f"{text_of(value)[:40]} is not translated; use t()")

    def _check_import(self, node: SyntaxNode, path: str) -> None:
        if not path.startswith("."):
            raise self._error(
                node, f"{path!r} is not a relative path; the browser cannot find any other"
            )
        target = resolve_path(self._file, path)
        if target not in self._sources.assets and not target.endswith(".d.ts"):
            raise self._error(node, f"there is no file {path}; correct the path")

    def _blocks_desktop(self, node: SyntaxNode, function: str) -> BundleError:
        return self._error(
            node, f"{function}() blocks the whole desktop; show the message in the gadget"
        )

    def _error(self, node: SyntaxNode, reason: str) -> BundleError:
        return BundleError(self._file, node.start_point.row + self._first_line, reason)


def _property_names(values: SyntaxNode) -> set[str]:
    """Return the keys of an object literal, the shorthand ones too."""
    names = set()
    for child in values.children:
        if child.type == "pair":
            names.add(text_of(field(child, "key")))
        elif "shorthand" in child.type:
            names.add(text_of(child))
    return names


def _is_assigned_literal(node: SyntaxNode) -> bool:
    """Return whether the property gets a literal, as in `element.innerHTML = "<b>fixed</b>"`."""
    target = node.parent
    if target is None or target.type != "member_expression":
        return False
    assignment = target.parent
    if assignment is None or assignment.type != "assignment_expression":
        return False
    value = assignment.child_by_field_name("right")
    is_left_side = assignment.child_by_field_name("left") == target
    return is_left_side and value is not None and value.type == "string"
