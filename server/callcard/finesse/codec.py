"""Convert between Finesse's XML elements and the objects of `objects`. No I/O.

The name of a field is the name of its element. Elements are matched by local name and without
regard to case, because Finesse writes `<User>` over HTTP and `<user>` in notifications,
`ReasonCode` here and `reasonCode` there. Their order never counts.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

from lxml import etree

from callcard.errors import FinesseInvalidResponse, InvalidField

_T = TypeVar("_T")

_parser = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


# ---- reading


def parse(body: bytes) -> etree._Element:
    """Return the root of a document. Raises FinesseInvalidResponse."""
    # Checked before parsing: lxml expands entities in attributes even with resolve_entities off.
    if b"<!DOCTYPE" in body[:4096] or not body.strip():
        raise invalid_response("an empty response or XML with a document type")
    try:
        root = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if b"<html" in body[:4096].lower():
            raise invalid_response("an HTML page instead of XML") from error
        reason = str(error).split("\n")[0][:120]
        raise invalid_response(f"XML that can't be parsed ({reason})") from error
    if root is None or root.getroottree().docinfo.doctype:
        raise invalid_response("XML with a document type")
    return root


def unexpected(root: etree._Element, expected: str) -> FinesseInvalidResponse:
    """Return the error for a document of another kind."""
    if name(root) == "html":
        return invalid_response("an HTML page instead of XML")
    return invalid_response(f"<{etree.QName(root).localname[:40]}> instead of <{expected}>")


def invalid_response(what: str) -> FinesseInvalidResponse:
    """Return the error for a response that no Finesse sends."""
    return FinesseInvalidResponse(
        f"Finesse sent {what}. Check that url in [finesse] names the Finesse node, not a proxy."
    )


@lru_cache(maxsize=2048)
def _fold(tag: str) -> str:
    """Return the local name in lower case. Cached: every document has the same names."""
    return tag.rpartition("}")[2].lower()


def name(element: etree._Element) -> str:
    """Return the local name in lower case."""
    return _fold(str(element.tag))


def named(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Return the children with a local name in lower case."""
    return (child for child in parent if name(child) == wanted)


def text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


@dataclass(frozen=True, slots=True)
class _Child:
    """How a child element is read into a field."""

    field: str
    kind: type | None
    """The object that it holds; None for text."""
    item_name: str
    """The name of the items if the child is a list, else empty."""
    is_verbatim: bool


@cache
def _children_of(kind: Any) -> dict[str, _Child]:
    """Return the children of a `kind` by folded name, for reading in one pass."""
    found = {}
    for each in fields(kind):
        metadata = each.metadata
        wrapper = metadata.get("within", "")
        element_name = wrapper or _element_name(each)
        value_kind = metadata.get("kind")
        found[element_name.lower()] = _Child(
            field=each.name,
            kind=None if value_kind is str else value_kind,
            item_name=metadata["tag"].lower() if wrapper else "",
            is_verbatim=metadata.get("verbatim", False),
        )
    return found


def _element_name(each: Any) -> str:
    """Return the element of a field: the declared one, or `mediaAddress` for `media_address`."""
    return each.metadata.get("tag") or re.sub(r"_(.)", lambda match: match[1].upper(), each.name)


def read_object(element: etree._Element, kind: type[_T]) -> _T:
    """Return the object in an element. Unknown elements are ignored."""
    children = _children_of(cast("Hashable", kind))
    values: dict[str, Any] = {}
    for node in element:
        child = children.get(name(node))
        if child is None:
            continue
        if child.item_name:
            items = tuple(_read_value(item, child) for item in named(node, child.item_name))
            values[child.field] = values.get(child.field, ()) + items
        else:
            values[child.field] = _read_value(node, child)
    return kind(**values)


def _read_value(element: etree._Element, child: _Child) -> Any:
    if child.kind is not None:
        return read_object(element, child.kind)
    text = element.text or ""
    return text if child.is_verbatim else text.strip()


# ---- writing


def write(sent: Any, tag: str = "") -> bytes:
    """Return an object as a document, called `tag` or like its class, without empty fields."""
    element = _write_object(sent, tag or type(sent).__name__)
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def _write_object(sent: Any, tag: str) -> etree._Element:
    element = etree.Element(tag)
    for each in fields(sent):
        value = getattr(sent, each.name)
        name = _element_name(each)
        if isinstance(value, tuple):
            if value:
                wrapper = etree.SubElement(element, each.metadata["within"])
                for item in value:
                    _write_value(wrapper, name, item)
        elif value or each.metadata.get("verbatim"):
            _write_value(element, name, value)
    return element


def _write_value(parent: etree._Element, name: str, value: Any) -> None:
    if not isinstance(value, str):
        parent.append(_write_object(value, name))
        return
    try:
        etree.SubElement(parent, name).text = value
    except ValueError as error:  # control characters
        reason = f"{name} holds a character that XML can't carry; remove it"
        raise InvalidField(name, reason) from error
