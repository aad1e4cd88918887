"""Check the sources and the rendered gadget XML before a build."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import html

from callcard.bundle import gadget_xml
from callcard.bundle.errors import BundleError
from callcard.bundle.rendering import render_view
from callcard.bundle.script_checks import SHOWN_PROPERTIES, check_script, placeholders
from callcard.bundle.sources import (
    DEFAULT_LANGUAGE,
    FOLDER,
    MODULE_TEMPLATE,
    Gadget,
    Sources,
    decode,
    resolve_path,
)
from callcard.bundle.styles import style_references

_DEFAULT_TEXTS = f"{FOLDER}messages/{DEFAULT_LANGUAGE}.json"
_ABSOLUTE_ADDRESS = re.compile(r"https?://|__UP_|/|#")


def check_sources(sources: Sources) -> None:
    """Check everything that can be checked before rendering. Raises BundleError."""
    check_texts(sources)
    for name, script in sources.scripts.items():
        check_script(f"{FOLDER}{name}", script, sources)
    for name, style in sources.styles.items():
        check_style(f"{FOLDER}{name}", decode(f"{FOLDER}{name}", style), sources)
    for gadget in sources.gadgets.values():
        check_gadget_files(gadget, sources)
        view = render_view(gadget, sources)
        check_view(f"{FOLDER}{gadget.view_template}", view, sources)


def check_texts(sources: Sources) -> None:
    """Check that every language has the texts of English with the same placeholders."""
    if DEFAULT_LANGUAGE not in sources.texts:
        raise BundleError(_DEFAULT_TEXTS, 1, "English texts are missing; they are the default")
    english_texts = sources.texts[DEFAULT_LANGUAGE]
    for language, texts in sources.texts.items():
        file = f"{FOLDER}messages/{language}.json"
        for key, english in english_texts.items():
            if not texts.get(key, "").strip():
                raise BundleError(file, 1, f"no text for {key!r}; in English it is {english!r}")
            expected = placeholders(english)
            if placeholders(texts[key]) != expected:
                reason = f"{key!r} needs the placeholders {sorted(expected) or 'none'}"
                raise BundleError(file, _line_of_text(texts, key), reason)
        for key in texts.keys() - english_texts.keys():
            reason = f"{key!r} has no English text; add it to {_DEFAULT_TEXTS} or remove it here"
            raise BundleError(file, _line_of_text(texts, key), reason)


def _line_of_text(texts: Mapping[str, str], key: str) -> int:
    return list(texts).index(key) + 2


def check_gadget_files(gadget: Gadget, sources: Sources) -> None:
    """Check that every file a gadget must have exists, and every style sheet it names."""
    later_styles = (file for files in gadget.later_styles.values() for file in files)
    for file in (gadget.main_script, *gadget.styles, *later_styles):
        if file not in sources.assets:
            raise BundleError(gadget.toml, 1, f"there is no file {FOLDER}{file}; add it")
    for part in gadget.later_styles:
        if f"{gadget.name}/{part}.js" not in sources.assets:
            reason = f"later_styles names {part}, but there is no {FOLDER}{gadget.name}/{part}.js"
            raise BundleError(gadget.toml, 1, reason)
    for file in (gadget.view_template, MODULE_TEMPLATE):
        if file not in sources.templates:
            raise BundleError(gadget.toml, 1, f"there is no file {FOLDER}{file}; add it")


def check_style(file: str, style: str, sources: Sources) -> None:
    """Check that every file a style sheet loads exists, and that it imports no other one."""
    if "@import" in style:
        line = style[: style.index("@import")].count("\n") + 1
        reason = "@import is not supported; list the file under styles in gadget.toml"
        raise BundleError(file, line, reason)
    for line, path in style_references(style):
        if resolve_path(file, path) not in sources.assets:
            raise BundleError(file, line, f"there is no file {path}; correct the path")


def check_view(file: str, view: str, sources: Sources) -> None:
    """Check a gadget's markup: translated, without scripts, and safe inside CDATA."""
    if "]]>" in view:
        line = view[: view.index("]]>")].count("\n") + 1
        raise BundleError(file, line, "]]> ends the view in the gadget XML; write it another way")
    for match in re.finditer(r"__MSG_(.+?)__", view):
        if match[1] not in sources.texts[DEFAULT_LANGUAGE]:
            line = view.count("\n", 0, match.start()) + 1
            reason = f"there is no text {match[1]!r} in {_DEFAULT_TEXTS}; add it"
            raise BundleError(file, line, reason)
    if not view.strip():
        raise BundleError(file, 1, "the view is empty; it needs at least the gadget's element")
    for element in view_elements(view):
        _check_element(file, element, sources)


def view_elements(view: str) -> Iterator[html.HtmlElement]:
    for element in html.fragment_fromstring(view, create_parent=True).iter():
        if isinstance(element.tag, str):  # not a comment
            yield element


def view_references(element: html.HtmlElement) -> Iterator[str]:
    """Yield the addresses of an element that are relative to the gadget."""
    for attribute in ("src", "href"):
        address = element.get(attribute)
        if address and not _ABSOLUTE_ADDRESS.match(address):
            yield address


def _check_element(file: str, element: html.HtmlElement, sources: Sources) -> None:
    line = max(element.sourceline or 1, 1)
    if element.tag in ("script", "style"):
        reason = f"<{element.tag}> belongs in main.js or a style sheet, where it is checked"
        raise BundleError(file, line, reason)
    for text in _shown_texts(element):
        if any(character.isalpha() for character in re.sub(r"__(MSG|UP)_.+?__", "", text)):
            reason = f"{text.strip()[:40]!r} is not translated; use __MSG_key__"
            raise BundleError(file, line, reason)
    for address in view_references(element):
        if resolve_path(file, address) not in sources.assets:
            raise BundleError(file, line, f"there is no file {address}; correct the path")
    if any(str(attribute).startswith("on") for attribute in element.attrib):
        raise BundleError(file, line, "event handlers belong in a script, not in attributes")


def _shown_texts(element: html.HtmlElement) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield child.tail or ""
    for attribute in sorted(SHOWN_PROPERTIES):
        yield element.get(attribute) or ""


def check_gadget_xml(gadget: Gadget, module: bytes, sources: Sources) -> None:
    """Check the rendered gadget XML as the container reads it."""
    template = f"{FOLDER}{MODULE_TEMPLATE}"
    try:
        spec = gadget_xml.read(module)
    except gadget_xml.SpecError as error:
        file = f"{gadget.name}.xml, rendered from {template}"
        raise BundleError(file, error.line, error.message) from error
    declared = {pref.name for pref in spec.prefs}
    for view in spec.views.values():
        for match in re.finditer(r"__(?:UP_(?P<pref>.+?)|(?P<other>[A-Z]+_.+?))__", view):
            if match["pref"] in declared:
                continue
            if (match["other"] or "").startswith(("MSG_", "BIDI_", "MODULE_ID")):
                continue
            reason = (
                f"{match[0]} is not declared; add a UserPref, or the container shows it as it is"
            )
            raise BundleError(template, 1, reason)
        for script in re.finditer(r"<script[^>]*>(.*?)</script>", view, re.DOTALL | re.IGNORECASE):
            check_script(f"{template} (inline script)", script[1].encode(), sources)
