"""The desktop layout: which tabs and gadgets a role gets.

Grammar: `finesseLayout`, Finesse administration guide 12.5 and later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from lxml import etree

from callcard.errors import OperatorError

ROLES = ("Agent", "Supervisor", "Admin")
MAX_COLUMNS = 4
_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_NAMESPACE = "http://www.cisco.com/vtg/finesse"
_NS = f"{{{_NAMESPACE}}}"
_SNIPPET = re.compile(rb"\s*<tab[\s>]")


class LayoutError(OperatorError):
    """A layout that Finesse would reject; the message says where and why."""


@dataclass(frozen=True, slots=True)
class GadgetPlace:
    """Where a layout places a gadget."""

    id: str
    url: str
    hidden: bool
    managed_by: str = ""
    """The gadget that loads and shows this one."""


@dataclass(frozen=True, slots=True)
class Tab:
    id: str
    label: str
    columns: tuple[tuple[GadgetPlace, ...], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of one role."""

    page: tuple[GadgetPlace, ...]
    """Gadgets above all tabs, without a title bar."""
    tabs: tuple[Tab, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(text: bytes) -> dict[str, Layout]:
    """Return the layout of each role. Raises LayoutError."""
    # Checked before parsing: a snippet with two tabs has two roots.
    if _SNIPPET.match(text):
        raise LayoutError(
            "the layout starts with <tab>, so it is a snippet;"
            " paste it between <tabs> and </tabs> of a whole <finesseLayout>"
        )
    try:
        root = etree.fromstring(text, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise LayoutError(f"the layout is not well-formed XML: {error}") from error
    if root.tag != f"{_NS}finesseLayout" or root.getroottree().docinfo.doctype:
        raise LayoutError(f'the root must be <finesseLayout xmlns="{_NAMESPACE}">')
    if root.find(f"{_NS}header") is None:
        raise LayoutError("a layout for Finesse 12.0 and later needs <header>; add it")
    layouts = {}
    for node in root.findall(f"{_NS}layout"):
        role = node.findtext(f"{_NS}role", "").strip()
        if role not in ROLES:
            raise LayoutError(
                f"line {node.sourceline}: <role> must be Agent, Supervisor or Admin, not {role!r}"
            )
        layouts[role] = Layout(
            page=_read_gadgets(node, f"{_NS}page/{_NS}gadget"),
            tabs=tuple(_read_tab(tab) for tab in node.findall(f"{_NS}tabs/{_NS}tab")),
        )
    if not layouts:
        raise LayoutError("there is no <layout>; add one for each role")
    return layouts


@dataclass(frozen=True, slots=True)
class GadgetTab:
    """A tab of its own for a gadget."""

    path: str
    title: str
    is_for_supervisors: bool = False


def from_gadgets(gadgets: Sequence[GadgetTab]) -> bytes:
    """Return a layout with a tab for each gadget.

    With gadgets that are for supervisors, these have a layout of their own.
    """
    root = etree.Element(f"{_NS}finesseLayout", nsmap={None: _NAMESPACE})
    etree.SubElement(root, f"{_NS}version").text = "1250.03"
    etree.SubElement(root, f"{_NS}header")
    of_agents = [gadget for gadget in gadgets if not gadget.is_for_supervisors]
    _add_layout(root, "Agent", of_agents)
    if len(of_agents) < len(gadgets):
        _add_layout(root, "Supervisor", gadgets)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add_layout(root: etree._Element, role: str, gadgets: Iterable[GadgetTab]) -> None:
    layout = etree.SubElement(root, f"{_NS}layout")
    etree.SubElement(layout, f"{_NS}role").text = role
    tabs = etree.SubElement(layout, f"{_NS}tabs")
    for number, each in enumerate(gadgets, 1):
        tab = etree.SubElement(tabs, f"{_NS}tab")
        etree.SubElement(tab, f"{_NS}id").text = f"tab{number}"
        etree.SubElement(tab, f"{_NS}label").text = each.title
        column = etree.SubElement(tab, f"{_NS}gadgets")
        gadget = etree.SubElement(column, f"{_NS}gadget", id=f"gadget{number}")
        gadget.text = quote(each.path, safe="/")


def _read_tab(node: etree._Element) -> Tab:
    id = node.findtext(f"{_NS}id", "").strip()
    label = node.findtext(f"{_NS}label", "").strip()
    if not id or not label:
        raise LayoutError(f"line {node.sourceline}: a tab needs <id> and <label>")
    columns = node.findall(f"{_NS}columns/{_NS}column") or [node]
    if len(columns) > MAX_COLUMNS:
        raise LayoutError(f"line {node.sourceline}: a tab has at most {MAX_COLUMNS} columns")
    # The vendor's own components are not gadget files; they are left out, as only Finesse has them.
    return Tab(
        id, label, tuple(_read_gadgets(column, f"{_NS}gadgets/{_NS}gadget") for column in columns)
    )


def _read_gadgets(node: etree._Element, path: str) -> tuple[GadgetPlace, ...]:
    return tuple(_read_gadget(gadget) for gadget in node.findall(path))


def _read_gadget(node: etree._Element) -> GadgetPlace:
    url = (node.text or "").strip()
    if not url or any(character.isspace() for character in url):
        raise LayoutError(f"line {node.sourceline}: <gadget> must hold an address without spaces")
    return GadgetPlace(
        id=node.get("id", ""),
        url=url,
        hidden=node.get("hidden") == "true",
        managed_by=node.get("managedBy", ""),
    )
