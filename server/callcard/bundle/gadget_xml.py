"""The gadget specification: reading one as the container does, with its reasons to refuse, and turning it into the iframe's page.

Rules: OpenSocial core gadget 1.1 as Apache Shindig 2.0 enforces it, and the features that Finesse documents. `build.py` asks the
same `read()`, so what it lets through a container will take.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

from lxml import etree

_ALWAYS = "core core.io core.json core.util core.log core.prefs rpc"
_LIKELY = "views minimessage tabs locked-domain security-token skins"
FEATURES = frozenset(
    f"{_ALWAYS} pubsub-2 setprefs settitle dynamic-height dynamic-height.util loadingindicator osapi content-rewrite collapsible"
    f" {_LIKELY}".split()
)
"""Features that a gadget may require. Whether Finesse has the likely ones, which Shindig has, is uncertain."""

_parser = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
)


class SpecError(Exception):
    """A specification that a container refuses, at `line` of its text."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True, slots=True)
class Pref:
    name: str
    default: str
    datatype: str


@dataclass(frozen=True, slots=True)
class Locale:
    lang: str
    """`all` for any language."""
    country: str
    messages: str
    """Address of the message bundle, relative to the spec; empty if there is none."""
    direction: str


@dataclass(frozen=True, slots=True)
class Spec:
    title: str
    height: int | None
    required: frozenset[str]
    optional: frozenset[str]
    prefs: tuple[Pref, ...]
    locales: tuple[Locale, ...]
    views: dict[str, str]
    """HTML by view."""
    excluded: tuple[str, ...]
    """`content-rewrite`: parts of addresses that are left as they are."""

    def locale(self, lang: str, country: str) -> Locale | None:
        """The nearest: language and country, language alone, any."""
        wanted = ((lang, country), (lang, "all"), ("all", "all"))
        return next(
            (
                each
                for pair in wanted
                for each in self.locales
                if _low((each.lang, each.country)) == _low(pair)
            ),
            None,
        )


def _low(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0].lower(), pair[1].lower()


def read(text: bytes) -> Spec:
    """The spec in `text`. Raises SpecError with the reason for which a container would refuse it."""
    root = _parse(text)
    if root.tag != "Module":
        raise SpecError(f"the root must be <Module>, not <{root.tag!s}>", root.sourceline or 1)
    prefs = [_required(node, "name") for node in root.findall("UserPref")]
    if len(set(prefs)) < len(prefs):
        raise SpecError("two UserPrefs have the same name", root.sourceline or 1)
    for node in root.iter("EnumValue"):
        _required(node, "value")
    modules = root.findall("ModulePrefs")
    if len(modules) != 1:
        raise SpecError(
            f"there must be one <ModulePrefs>, not {len(modules)}", root.sourceline or 1
        )
    module = modules[0]
    features: dict[str, set[str]] = {"Require": set(), "Optional": set()}
    excluded: list[str] = []
    for kind, names in features.items():
        for node in module.findall(kind):
            name = _required(node, "feature")
            if kind == "Require" and name not in FEATURES:
                raise SpecError(
                    f"feature {name!r} is not known to Finesse; make it Optional",
                    node.sourceline or 1,
                )
            names.add(name)
            for param in node.findall("Param"):
                if _required(param, "name") == "exclude-url" and name == "content-rewrite":
                    excluded.append((param.text or "").strip())
    height = module.get("height", "")
    if height and not height.isdigit():
        raise SpecError(
            f"height must be a number of pixels, not {height!r}", module.sourceline or 1
        )
    return Spec(
        title=module.get("title", ""),
        height=int(height) if height else None,
        required=frozenset(features["Require"]),
        optional=frozenset(features["Optional"]),
        prefs=tuple(
            Pref(
                _required(node, "name"),
                node.get("default_value", ""),
                node.get("datatype", "string"),
            )
            for node in root.findall("UserPref")
        ),
        locales=tuple(_locale(node) for node in module.findall("Locale")),
        views=_views(root),
        excluded=tuple(excluded),
    )


def read_messages(text: bytes) -> dict[str, str]:
    """A message bundle's texts by key. Raises SpecError."""
    root = _parse(text)
    return {_required(node, "name"): (node.text or "").strip() for node in root.findall("msg")}


def _parse(text: bytes) -> etree._Element:
    try:
        root = etree.fromstring(text, _parser)
    except etree.XMLSyntaxError as error:
        raise SpecError(f"not well-formed XML: {error.msg}", error.lineno or 1) from error
    except ValueError as error:
        raise SpecError(f"not XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise SpecError("a document type is not accepted")
    return root


def _required(node: etree._Element, attribute: str) -> str:
    value = node.get(attribute, "")
    if not value:
        raise SpecError(f"<{node.tag!s}> needs the attribute {attribute}", node.sourceline or 1)
    return value


def _locale(node: etree._Element) -> Locale:
    direction = node.get("language_direction", "ltr")
    if direction not in ("ltr", "rtl"):
        raise SpecError(
            f"language_direction must be ltr or rtl, not {direction!r}", node.sourceline or 1
        )
    return Locale(
        node.get("lang", "all"), node.get("country", "all"), node.get("messages", ""), direction
    )


def _views(root: etree._Element) -> dict[str, str]:
    contents = root.findall("Content")
    if not contents:
        raise SpecError("there is no <Content>", root.sourceline or 1)
    views: dict[str, str] = {}
    for node in contents:
        if node.get("type", "html") != "html":
            raise SpecError(
                "only <Content type='html'> gets the gadget libraries", node.sourceline or 1
            )
        for view in node.get("view", "default").split(","):
            views[view.strip()] = views.get(view.strip(), "") + (node.text or "")
    return views


# ---- the iframe's page


def page(
    spec: Spec,
    *,
    view: str,
    url: str,
    module_id: str,
    prefs: dict[str, str],
    messages: dict[str, str],
    rtl: bool,
    head: str,
) -> str:
    """The page of the gadget at `url`. `head` (the runtime) goes before everything of the gadget's own."""
    source = spec.views.get(view, spec.views.get("default", ""))
    source = substitute(source, spec, module_id=module_id, prefs=prefs, messages=messages, rtl=rtl)
    source = _absolute(source, url, spec)
    # Fonts only where the gadget brings no document type of its own; with one, the page is in standards mode.
    doctype = re.match(r"\s*<!doctype[^>]*>", source, re.IGNORECASE)
    fonts = (
        ""
        if doctype
        else "<style>body,td,div,span,p{font-family:arial,sans-serif;font-size:13px}body{margin:0}</style>"
    )
    body = source[doctype.end() :] if doctype else source
    direction = "rtl" if rtl else "ltr"
    return (
        f"{'<!DOCTYPE html>' if doctype else ''}<html><head>{fonts}{head}</head>"
        f'<body dir="{direction}">{body}<script>gadgets.util.runOnLoadHandlers();</script></body></html>'
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
    """`text` with its __MSG_…__, __UP_…__, __MODULE_ID__ and __BIDI_…__; undeclared ones stay as they are, as in Shindig."""
    values = {pref.name: prefs.get(pref.name, pref.default) for pref in spec.prefs}
    start, end = ("right", "left") if rtl else ("left", "right")
    bidi = {
        "START_EDGE": start,
        "END_EDGE": end,
        "DIR": "rtl" if rtl else "ltr",
        "REVERSE_DIR": "ltr" if rtl else "rtl",
    }
    text = re.sub(r"__MSG_(.+?)__", lambda m: messages.get(m[1], m[0]), text)
    text = re.sub(
        r"__UP_(.+?)__", lambda m: html.escape(values[m[1]]) if m[1] in values else m[0], text
    )
    text = re.sub(r"__BIDI_(\w+?)__", lambda m: bidi.get(m[1], m[0]), text)
    return text.replace("__MODULE_ID__", html.escape(module_id))


# Bounded, so that a tag that never ends costs little.
_MORE, _QUOTED = r"[^<>]{0,2000}", r"""(?:"([^"<>]{0,4000})"|'([^'<>]{0,4000})')"""
_SCRIPT = rf"""<script\b(?!{_MORE}\btype\s*=\s*["']?module){_MORE}?\ssrc\s*=\s*{_QUOTED}{_MORE}>\s*</script>"""
_STYLE = rf"""<link\b(?={_MORE}\brel\s*=\s*["']?stylesheet){_MORE}?\shref\s*=\s*{_QUOTED}{_MORE}>"""
_TAG = re.compile(rf"<(script|link|img|input|embed)\b{_MORE}>", re.IGNORECASE)
_ADDRESS = re.compile(r"""(\s(?:src|href)\s*=\s*)(["'])([^"'<>]{0,4000})\2""", re.IGNORECASE)
MERGED = 10
"""Addresses in one /gadgets/concat: more would make its own too long."""


def _absolute(source: str, url: str, spec: Spec) -> str:
    """Resources relative to the spec become absolute, then go through the container's own addresses, as Shindig does it:
    neighbouring scripts and style sheets through one `/gadgets/concat`, images through `/gadgets/proxy`. `exclude-url` leaves
    an address alone; scripts that are modules are not put together. Inside scripts and styles nothing is rewritten."""

    def made_absolute(tag: re.Match[str]) -> str:
        image = tag[1].lower() in ("img", "input", "embed")

        def rewritten(match: re.Match[str]) -> str:
            written = html.unescape(match[3])
            address = urljoin(url, written)
            if _left_alone(written, spec):
                return match[0]
            if image and address.startswith(("http://", "https://")):
                address = f"/gadgets/proxy?{urlencode({'container': 'default', 'gadget': url, 'url': address})}"
            return f"{match[1]}{match[2]}{html.escape(address)}{match[2]}"

        return _ADDRESS.sub(rewritten, tag[0], count=1)

    source = _TAG.sub(made_absolute, source)
    source = _merged(source, _SCRIPT, "js", url, spec)
    return _merged(source, _STYLE, "css", url, spec)


def _merged(source: str, one: str, kind: str, url: str, spec: Spec) -> str:
    """Each run of neighbours, and each that stands alone, through concat."""
    element = '<script src="{}"></script>' if kind == "js" else '<link rel="stylesheet" href="{}">'

    def through_concat(match: re.Match[str]) -> str:
        written, run = list[str](), list[str]()

        def flush() -> None:
            for first in range(0, len(run), MERGED):
                numbered = {
                    str(place): each for place, each in enumerate(run[first : first + MERGED], 1)
                }
                told = {
                    "container": "default",
                    "gadget": url,
                    "debug": "0",
                    "nocache": "0",
                    "refresh": "86400",
                    "type": kind,
                }
                written.append(
                    element.format(html.escape(f"/gadgets/concat?{urlencode(told | numbered)}"))
                )
            run.clear()

        for found in re.finditer(one, match[0], re.IGNORECASE):
            address = html.unescape(found[1] or found[2] or "")
            if _left_alone(address, spec) or not address.startswith(("http://", "https://")):
                flush()
                written.append(found[0])
            else:
                run.append(address)
        flush()
        return "\n".join(written)

    return re.sub(rf"(?:{one}\s*)+", through_concat, source, flags=re.IGNORECASE)


def _left_alone(address: str, spec: Spec) -> bool:
    low = address.lower()
    return any(part == "*" or part.lower() in low for part in spec.excluded if part)


_CSS_URL = re.compile(r"""(url\(\s*)(["']?)(?!data:|https?:|//|/)([^"')]+)\2""", re.IGNORECASE)


def css_made_absolute(text: str, url: str) -> str:
    """A style sheet that is moved to another address keeps what it refers to."""
    return _CSS_URL.sub(lambda m: f"{m[1]}{m[2]}{urljoin(url, m[3])}{m[2]}", text)
