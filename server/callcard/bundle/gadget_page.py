"""The page of a gadget's iframe, rendered from its specification as Apache Shindig 2.0 does it."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode, urljoin

from callcard.bundle.gadget_xml import Spec

MAX_CONCAT_URLS = 10
"""Addresses in one /gadgets/concat: more would make its own address too long."""
_DEFAULT_FONTS = (
    "<style>body,td,div,span,p{font-family:arial,sans-serif;font-size:13px}body{margin:0}</style>"
)

# The lengths are bounded, so that a tag that never ends costs little.
_ATTRIBUTES = r"[^<>]{0,2000}"
_QUOTED = r"""(?:"([^"<>]{0,4000})"|'([^'<>]{0,4000})')"""
_SCRIPT = rf"""<script\b{_ATTRIBUTES}?\ssrc\s*=\s*{_QUOTED}{_ATTRIBUTES}>(?:\s|\0\d+\0)*</script>"""
_STYLE_SHEET = (
    rf"""<link\b(?={_ATTRIBUTES}\brel\s*=\s*["']?stylesheet)"""
    rf"""(?={_ATTRIBUTES}\btype\s*=\s*["']?text/css){_ATTRIBUTES}?"""
    rf"""\shref\s*=\s*{_QUOTED}{_ATTRIBUTES}>"""
)
_BETWEEN = r"(?:\s|\0\d+\0)*"
"""What may stand between neighbours: white space and comments, but no conditional ones."""
_INERT = re.compile(rf"<!--|<(script|style|textarea)\b{_ATTRIBUTES}>", re.IGNORECASE)
_END = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "textarea")}
_PLACE = re.compile(r"\0(?:if)?(\d+)\0")
"""Where an inert part was taken out: a comment, or the content of a script, style or textarea."""
_GROUP = re.compile(r"""\s(?:media|title)\s*=\s*["']?[^"'<>\s]*""", re.IGNORECASE)
_TAG = re.compile(rf"<(script|link|img|input|body)\b{_ATTRIBUTES}>", re.IGNORECASE)
_ADDRESS = re.compile(
    r"""(\s(?:src|href|background)\s*=\s*)(?:(["'])([^"'<>]{0,4000})\2|([^\s"'<>]{1,4000}))""",
    re.IGNORECASE,
)
_BASE = re.compile(rf"""<base\b{_ATTRIBUTES}?\shref\s*=\s*{_QUOTED}""", re.IGNORECASE)
_IMAGE_TAGS = ("img", "input", "body")
_MODULE = re.compile(r"""\stype\s*=\s*["']?module["']?""", re.IGNORECASE)
_CSS_URL = re.compile(r"""(url\(\s*)(["']?)(?!data:|https?:|//|/)([^"')]+)\2""", re.IGNORECASE)


def render_page(
    spec: Spec,
    *,
    view: str,
    url: str,
    module_id: str,
    prefs: dict[str, str],
    messages: dict[str, str],
    rtl: bool,
    head: str,
    fetched: str | None = None,
) -> str:
    """Return the page of the gadget at `url`; `head` (the runtime) precedes all of its own.

    `fetched` is the page that the view's `href` names: it comes in place of the view's HTML, and
    nothing is replaced in it.
    """
    source = spec.views.get(view, spec.views.get("default", ""))
    if fetched is None:
        source = substitute(
            source, spec, module_id=module_id, prefs=prefs, messages=messages, rtl=rtl
        )
    else:
        source = fetched.removeprefix("\ufeff")
    if base := _BASE.search(source):
        base_url = urljoin(url, html.unescape(base[1] or base[2] or ""))
    else:
        base_url = url
    source = _rewrite_addresses(source, url, base_url, spec)
    direction = "rtl" if rtl else "ltr"
    doctype = re.match(r"\s*<!doctype[^>]*>", source, re.IGNORECASE)
    # A gadget that brings a document type is in standards mode and sets its own fonts.
    if doctype:
        beginning = f"<!DOCTYPE html><html><head>{head}</head>"
        body = source[doctype.end() :]
    else:
        beginning = f"<html><head>{_DEFAULT_FONTS}{head}</head>"
        body = source
    return (
        f'{beginning}<body dir="{direction}">{body}'
        "<script>gadgets.util.runOnLoadHandlers();</script></body></html>"
    )


def substitute(
    text: str,
    spec: Spec,
    *,
    module_id: str,
    prefs: dict[str, str],
    messages: dict[str, str],
    rtl: bool,
) -> str:
    """Replace __MSG_…__, __UP_…__, __MODULE_ID__ and __BIDI_…__ in `text`.

    What is not declared stays as it is, as in Shindig.
    """
    pref_values = {
        pref.name: html.escape(prefs.get(pref.name, pref.default)) for pref in spec.prefs
    }
    bidi_values = {
        "START_EDGE": "right" if rtl else "left",
        "END_EDGE": "left" if rtl else "right",
        "DIR": "rtl" if rtl else "ltr",
        "REVERSE_DIR": "ltr" if rtl else "rtl",
    }
    text = re.sub(r"__MSG_(.+?)__", lambda match: messages.get(match[1], match[0]), text)
    text = re.sub(r"__UP_(.+?)__", lambda match: pref_values.get(match[1], match[0]), text)
    text = re.sub(r"__BIDI_(\w+?)__", lambda match: bidi_values.get(match[1], match[0]), text)
    return text.replace("__MODULE_ID__", html.escape(module_id))


def make_css_urls_absolute(style: str, url: str) -> str:
    """Let a style sheet from `url` find its files when it is served from another address."""

    def absolute(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}{urljoin(url, match[3])}{match[2]}"

    return _CSS_URL.sub(absolute, style)


def _rewrite_addresses(source: str, url: str, base_url: str, spec: Spec) -> str:
    """Make addresses absolute and lead them through the container, as Shindig does.

    Neighbouring scripts and style sheets go through one `/gadgets/concat`, images through
    `/gadgets/proxy`. `exclude-url` leaves an address alone. Comments and the text of scripts stay
    as they are. Source: Apache Shindig 2.0.2, ConcatVisitor and AbsolutePathReferenceVisitor: no
    attribute of a script counts, so that `type="module"` scripts become classic ones.
    """
    source, inert = _take_out_inert_parts(source, base_url)

    def rewrite_tag(tag: re.Match[str]) -> str:
        is_image = tag[1].lower() in _IMAGE_TAGS

        def rewrite_address(match: re.Match[str]) -> str:
            written = html.unescape(match[3] if match[2] else match[4])
            if _is_excluded(written, spec):
                return match[0]
            address = urljoin(base_url, written)
            if is_image and address.startswith(("http://", "https://")):
                query = {"container": "default", "gadget": url, "url": address}
                address = f"/gadgets/proxy?{urlencode(query)}"
            quote = match[2] or '"'
            return f"{match[1]}{quote}{html.escape(address)}{quote}"

        return _ADDRESS.sub(rewrite_address, tag[0], count=1)

    source = _TAG.sub(rewrite_tag, source)
    source = _concatenate(source, _SCRIPT, "js", url, spec)
    source = _concatenate(source, _STYLE_SHEET, "css", url, spec)
    return _PLACE.sub(lambda place: inert[int(place[1])], source)


def _take_out_inert_parts(source: str, base_url: str) -> tuple[str, list[str]]:
    """Return the source with a placeholder for each comment and each script's text, and these.

    Markup in them is text to a browser. The addresses in styles become absolute.
    """
    parts: list[str] = []
    inert: list[str] = []
    source = source.replace("\0", "\ufffd")
    position = 0
    while opening := _INERT.search(source, position):
        name = (opening[1] or "").lower()
        if name:
            start = opening.end()
            closing = _END[name].search(source, start)
            end = closing.start() if closing else len(source)
        else:
            start = opening.start()
            end = source.find("-->", opening.end())
            end = len(source) if end < 0 else end + len("-->")
        text = source[start:end]
        parts.append(source[position:start])
        if text.strip():
            mark = "if" if text.startswith("<!--[if") else ""
            parts.append(f"\0{mark}{len(inert)}\0")
            inert.append(make_css_urls_absolute(text, base_url) if name == "style" else text)
        position = end
    parts.append(source[position:])
    return "".join(parts), inert


def _concatenate(source: str, element: str, kind: str, url: str, spec: Spec) -> str:
    """Replace each run of neighbouring elements by one that loads all of them by concat.

    It has the attributes of the first one, without its type if that is `module`. Style sheets of
    another medium or title are a run of their own.
    """

    def replace_run(run: re.Match[str]) -> str:
        written: list[str] = []
        first = ""
        addresses: list[str] = []
        for match in re.finditer(element, run[0], re.IGNORECASE | re.DOTALL):
            address = html.unescape(match[1] or match[2] or "")
            is_web_address = address.startswith(("http://", "https://"))
            is_concatenated = is_web_address and not _is_excluded(address, spec)
            is_other = kind == "css" and _group(first) != _group(match[0])
            if addresses and (is_other or not is_concatenated):
                written += _concat_elements(first, addresses, kind, url)
                addresses.clear()
            if is_concatenated:
                first = first if addresses else match[0]
                addresses.append(address)
            else:
                written.append(match[0])
        written += _concat_elements(first, addresses, kind, url)
        return "\n".join(written)

    pattern = rf"{element}(?:{_BETWEEN}{element})*"
    return re.sub(pattern, replace_run, source, flags=re.IGNORECASE | re.DOTALL)


def _group(element: str) -> frozenset[str]:
    return frozenset(match.strip().lower() for match in _GROUP.findall(element))


def _concat_elements(model: str, addresses: list[str], kind: str, url: str) -> list[str]:
    """Return copies of the `model` element that load `addresses`, MAX_CONCAT_URLS by each."""
    elements = []
    for first in range(0, len(addresses), MAX_CONCAT_URLS):
        query = {
            "container": "default",
            "gadget": url,
            "debug": "0",
            "nocache": "0",
            "refresh": "86400",
            "type": kind,
        }
        for position, address in enumerate(addresses[first : first + MAX_CONCAT_URLS], 1):
            query[str(position)] = address
        source = html.escape(f"/gadgets/concat?{urlencode(query)}")
        place = _ADDRESS.search(model)
        assert place is not None
        copy = f'{model[: place.end(1)]}"{source}"{model[place.end() :]}'
        elements.append(_MODULE.sub("", copy))
    return elements


def _is_excluded(address: str, spec: Spec) -> bool:
    lower = address.lower()
    return any(part == "*" or part.lower() in lower for part in spec.excluded if part)
