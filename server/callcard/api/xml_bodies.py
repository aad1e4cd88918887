"""Bodies in XML for clients that have no JSON: one element for each field, as in

<session><extension>1001</extension><ready>true</ready></session>

The fields are those of the JSON schema, in any order; attributes and namespaces are ignored.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from lxml import etree

from callcard.api.validation import invalid_field
from callcard.errors import InvalidField, MalformedRequest
from callcard.routing.curri import xml_text

MEDIA_TYPES = ("application/xml", "text/xml")

_T = TypeVar("_T")


def media_type_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def prefers_xml(accept: str) -> bool:
    """Return whether an Accept header names XML before JSON."""
    kinds = [media_type_of(part) for part in accept.split(",")]
    wanted = (kind for kind in kinds if kind in ("application/json", *MEDIA_TYPES))
    return next(wanted, "application/json") in MEDIA_TYPES


def read_xml(data: bytes, kind: type[_T], root_name: str) -> _T:
    """Read a flat body. Raises MalformedRequest (not such XML) or InvalidField."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise MalformedRequest("the body must have no document type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise MalformedRequest(f"the body must be XML: {error}") from error
    # In another encoding than ASCII's, the text is not found before parsing.
    if root is None or root.getroottree().docinfo.doctype:
        raise MalformedRequest("the body must have no document type")
    if _name(root) != root_name:
        raise MalformedRequest(f"the root must be <{root_name}>")
    fields: dict[str, str] = {}
    for element in root:
        if not isinstance(element.tag, str):
            continue  # a comment
        name = _name(element)
        if len(element) or name in fields:
            raise InvalidField(name, f"{name} must be one element with a text")
        fields[name] = (element.text or "").strip()
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from error


def write_xml(content: Any, root_name: str) -> bytes:
    """Return an object as XML; an object in a field is an element with its own fields."""
    root = etree.Element(root_name)
    _add_fields(root, msgspec.to_builtins(content))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add_fields(element: etree._Element, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        child = etree.SubElement(element, name)
        if isinstance(value, dict):
            _add_fields(child, value)
        elif isinstance(value, bool):
            child.text = str(value).lower()
        elif value is not None:
            child.text = xml_text(str(value))


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
