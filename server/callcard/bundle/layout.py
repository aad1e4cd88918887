"""The desktop layout: which tabs and gadgets a role gets. Grammar: `finesseLayout`, Finesse administration guide 12.5 and later."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from lxml import etree

from callcard.errors import OperatorError

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_NS = "{http://www.cisco.com/vtg/finesse}"


class LayoutError(OperatorError):
    """A layout that Finesse would refuse; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Gadget:
    id: str
    url: str
    hidden: bool
    managed_by: str = ""
    """The gadget that loads and shows this one."""


@dataclass(frozen=True, slots=True)
class Tab:
    id: str
    label: str
    columns: tuple[tuple[Gadget, ...], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    page: tuple[Gadget, ...]
    """Above all tabs, without a title bar."""
    tabs: tuple[Tab, ...]

    def told(self) -> dict[str, Any]:
        return asdict(self)


def read(text: bytes) -> dict[str, Layout]:
    """The layout of each role (Agent, Supervisor, Admin). Raises LayoutError."""
    try:
        root = etree.fromstring(text, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise LayoutError(f"the layout is not well-formed XML: {error}") from error
    if root.tag != f"{_NS}finesseLayout" or root.getroottree().docinfo.doctype:
        raise LayoutError(
            'the root must be <finesseLayout xmlns="http://www.cisco.com/vtg/finesse">'
        )
    if root.find(f"{_NS}header") is None:
        raise LayoutError("a layout for 12.0 and later needs <header>")
    layouts = {}
    for node in root.findall(f"{_NS}layout"):
        role = node.findtext(f"{_NS}role", "").strip()
        if role not in ("Agent", "Supervisor", "Admin"):
            raise LayoutError(
                f"line {node.sourceline}: <role> must be Agent, Supervisor or Admin, not {role!r}"
            )
        page = tuple(_gadget(g) for g in node.findall(f"{_NS}page/{_NS}gadget"))
        layouts[role] = Layout(
            page, tuple(_tab(tab) for tab in node.findall(f"{_NS}tabs/{_NS}tab"))
        )
    if not layouts:
        raise LayoutError("there is no <layout>")
    return layouts


def of_gadgets(gadgets: list[tuple[str, str]]) -> bytes:
    """A layout with a tab for each gadget (path and title): what the desktop shows when it is given gadgets but no layout."""
    root = etree.Element(f"{_NS}finesseLayout", nsmap={None: _NS[1:-1]})
    etree.SubElement(root, f"{_NS}version").text = "1250.03"
    etree.SubElement(root, f"{_NS}header")
    layout = etree.SubElement(root, f"{_NS}layout")
    etree.SubElement(layout, f"{_NS}role").text = "Agent"
    tabs = etree.SubElement(layout, f"{_NS}tabs")
    for place, (url, title) in enumerate(gadgets, 1):
        tab = etree.SubElement(tabs, f"{_NS}tab")
        etree.SubElement(tab, f"{_NS}id").text = f"tab{place}"
        etree.SubElement(tab, f"{_NS}label").text = title
        column = etree.SubElement(tab, f"{_NS}gadgets")
        etree.SubElement(column, f"{_NS}gadget", id=f"gadget{place}").text = quote(url, safe="/")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _tab(node: etree._Element) -> Tab:
    id, label = node.findtext(f"{_NS}id", "").strip(), node.findtext(f"{_NS}label", "").strip()
    if not id or not label:
        raise LayoutError(f"line {node.sourceline}: a tab needs <id> and <label>")
    columns = node.findall(f"{_NS}columns/{_NS}column") or [node]
    if len(columns) > 4:
        raise LayoutError(f"line {node.sourceline}: a tab has at most 4 columns")
    # What is not a gadget file (the vendor's own components) is passed over: the stand-in does not have them.
    return Tab(
        id,
        label,
        tuple(tuple(_gadget(g) for g in c.findall(f"{_NS}gadgets/{_NS}gadget")) for c in columns),
    )


def _gadget(node: etree._Element) -> Gadget:
    url = (node.text or "").strip()
    if not url or any(c.isspace() for c in url):
        raise LayoutError(f"line {node.sourceline}: <gadget> must hold an address without spaces")
    return Gadget(node.get("id", ""), url, node.get("hidden") == "true", node.get("managedBy", ""))
