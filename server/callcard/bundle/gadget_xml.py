"""Read a gadget specification as the container does.

Rules: OpenSocial core gadget 1.1 as Apache Shindig 2.0 enforces it, and the features that Finesse
documents. The build and the sandbox's container share `read()`: what the build lets through, a
container accepts.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

_BUILT_IN_FEATURES = (
    "core",
    "core.io",
    "core.json",
    "core.util",
    "core.log",
    "core.prefs",
    "rpc",
)
_DOCUMENTED_FEATURES = (
    "pubsub-2",
    "setprefs",
    "settitle",
    "dynamic-height",
    "dynamic-height.util",
    "loadingindicator",
    "osapi",
    "content-rewrite",
    "collapsible",
)
# Shindig has these; whether Finesse enables them is uncertain.
_LIKELY_FEATURES = (
    "views",
    "minimessage",
    "tabs",
    "locked-domain",
    "security-token",
    "skins",
)
FEATURES = frozenset((*_BUILT_IN_FEATURES, *_DOCUMENTED_FEATURES, *_LIKELY_FEATURES))
"""Features that a gadget may require."""

_parser = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
)


class SpecError(Exception):
    """A specification that a container rejects, at `line` of its text."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Pref:
    """A user preference."""

    name: str
    default: str
    datatype: str


@dataclass(frozen=True, slots=True)
class Locale:
    """A language that the gadget has texts for."""

    lang: str
    """`all` for any language."""
    country: str
    messages: str
    """Address of the message bundle, relative to the specification; empty if there is none."""
    direction: str


@dataclass(frozen=True, slots=True)
class LoadingIndicator:
    """What the desktop shows while a gadget loads. Source: developer guide, loading indicator."""

    manual_dismiss: bool = False
    """The gadget dismisses it; otherwise the container does once the page has loaded."""
    timeout_seconds: int = 10
    """After which the desktop offers Retry."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A gadget specification."""

    title: str
    category: str
    """What the gadget is for, in its author's words."""
    height: int | None
    required: frozenset[str]
    optional: frozenset[str]
    prefs: tuple[Pref, ...]
    locales: tuple[Locale, ...]
    views: dict[str, str]
    """HTML by view."""
    hrefs: dict[str, str]
    """Addresses of pages that take the place of a view's HTML, relative to the specification."""
    loading: LoadingIndicator | None
    """None if the gadget does not ask for one."""
    excluded: tuple[str, ...]
    """Parts of addresses that `content-rewrite` leaves as they are."""

    def locale(self, lang: str, country: str) -> Locale | None:
        """Return the nearest locale: of language and country, of the language, of any."""
        by_name = {
            (locale.lang.lower(), locale.country.lower()): locale
            for locale in reversed(self.locales)  # of two with the same name the first counts
        }
        for name in ((lang.lower(), country.lower()), (lang.lower(), "all"), ("all", "all")):
            if name in by_name:
                return by_name[name]
        return None


def read(text: bytes) -> Spec:
    """Read a specification. Raises SpecError with the reason why a container would reject it."""
    root = _parse(text)
    if root.tag != "Module":
        raise SpecError(f"the root must be <Module>, not <{root.tag!s}>", root.sourceline or 1)
    prefs = _read_prefs(root)
    modules = root.findall("ModulePrefs")
    if len(modules) != 1:
        message = f"there must be one <ModulePrefs>, not {len(modules)}"
        raise SpecError(message, root.sourceline or 1)
    module = modules[0]
    required = [_attribute(node, "feature") for node in module.findall("Require")]
    for node in module.findall("Require"):
        feature = _attribute(node, "feature")
        if feature not in FEATURES:
            message = f"feature {feature!r} is not known to Finesse; make it Optional"
            raise SpecError(message, node.sourceline or 1)
    optional = [_attribute(node, "feature") for node in module.findall("Optional")]
    return Spec(
        title=module.get("title", ""),
        category=module.get("category", ""),
        height=_read_height(module),
        required=frozenset(required),
        optional=frozenset(optional),
        prefs=prefs,
        locales=tuple(_read_locale(node) for node in module.findall("Locale")),
        views=_read_views(root),
        hrefs=_read_hrefs(root),
        loading=_read_loading(module),
        excluded=_read_excluded(module),
    )


def read_messages(text: bytes) -> dict[str, str]:
    """Return a message bundle's texts by key. Raises SpecError."""
    root = _parse(text)
    return {_attribute(node, "name"): (node.text or "").strip() for node in root.findall("msg")}


def _parse(text: bytes) -> etree._Element:
    try:
        root = etree.fromstring(text, _parser)
    except etree.XMLSyntaxError as error:
        raise SpecError(f"not well-formed XML: {error.msg}", error.lineno or 1) from error
    except ValueError as error:
        raise SpecError(f"not XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise SpecError("a document type is not accepted; remove it")
    return root


def _attribute(node: etree._Element, name: str) -> str:
    value = node.get(name, "")
    if not value:
        raise SpecError(f"<{node.tag!s}> needs the attribute {name}", node.sourceline or 1)
    return value


def _read_prefs(root: etree._Element) -> tuple[Pref, ...]:
    prefs = tuple(
        Pref(
            _attribute(node, "name"),
            node.get("default_value", ""),
            node.get("datatype", "string"),
        )
        for node in root.findall("UserPref")
    )
    if len({pref.name for pref in prefs}) < len(prefs):
        raise SpecError("two UserPrefs have the same name", root.sourceline or 1)
    for node in root.iter("EnumValue"):
        _attribute(node, "value")
    return prefs


def _read_height(module: etree._Element) -> int | None:
    height = module.get("height", "")
    if height and not height.isdigit():
        message = f"height must be a number of pixels, not {height!r}"
        raise SpecError(message, module.sourceline or 1)
    return int(height) if height else None


def _read_excluded(module: etree._Element) -> tuple[str, ...]:
    excluded = []
    for feature in (*module.findall("Require"), *module.findall("Optional")):
        for param in feature.findall("Param"):
            is_exclusion = _attribute(param, "name") == "exclude-url"
            if is_exclusion and feature.get("feature") == "content-rewrite":
                excluded.append((param.text or "").strip())
    return tuple(excluded)


def _read_loading(module: etree._Element) -> LoadingIndicator | None:
    for feature in (*module.findall("Require"), *module.findall("Optional")):
        if feature.get("feature") != "loadingindicator":
            continue
        params = {param.get("name", ""): (param.text or "").strip() for param in feature}
        seconds = params.get("loading-timeout", "")
        return LoadingIndicator(
            manual_dismiss=params.get("manual-dismiss", "").lower() == "true",
            timeout_seconds=int(seconds) if seconds.isdecimal() else 10,
        )
    return None


def _read_hrefs(root: etree._Element) -> dict[str, str]:
    return {
        view.strip(): href.strip()
        for node in root.findall("Content")
        if (href := node.get("href", ""))
        for view in node.get("view", "default").split(",")
    }


def _read_locale(node: etree._Element) -> Locale:
    direction = node.get("language_direction", "ltr")
    if direction not in ("ltr", "rtl"):
        message = f"language_direction must be ltr or rtl, not {direction!r}"
        raise SpecError(message, node.sourceline or 1)
    return Locale(
        lang=node.get("lang", "all"),
        country=node.get("country", "all"),
        messages=node.get("messages", ""),
        direction=direction,
    )


def _read_views(root: etree._Element) -> dict[str, str]:
    contents = root.findall("Content")
    if not contents:
        raise SpecError("there is no <Content>", root.sourceline or 1)
    views: dict[str, str] = {}
    for node in contents:
        if node.get("type", "html") != "html":
            message = "only <Content type='html'> gets the gadget libraries"
            raise SpecError(message, node.sourceline or 1)
        for view in node.get("view", "default").split(","):
            views[view.strip()] = views.get(view.strip(), "") + (node.text or "")
    return views
