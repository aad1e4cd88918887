"""Rendering of the bundle: sources in, files by path out. Pure: reads and writes nothing.

The same input gives the same bytes. Assets lie in a folder named by the hash of their content, so
that browsers can cache them for ever and an open desktop keeps its version.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from callcard import __version__
from callcard.bundle.errors import BundleError
from callcard.bundle.event_names import shorten_event_names
from callcard.bundle.gadget_texts import messages_file, render_texts
from callcard.bundle.message_keys import number_message_keys
from callcard.bundle.minification import minify_asset
from callcard.bundle.module_join import join_modules
from callcard.bundle.sources import DEFAULT_LANGUAGE, FOLDER, MODULE_TEMPLATE, Gadget, Sources
from callcard.bundle.styles import join_styles

FILES_ON_FINESSE = "/3rdpartygadget/files/callcard/"
"""Where Finesse serves what was uploaded to its 3rdpartygadget account."""
TABS_ON_FINESSE = "layout-tabs-on-finesse.xml"
TABS_ELSEWHERE = "layout-tabs-elsewhere.xml"
"""Snippets of the desktop layout: for gadgets that Finesse serves, and that the service serves."""
GADGETS_ON_FINESSE = "layout-gadgets-on-finesse.xml"
GADGETS_ELSEWHERE = "layout-gadgets-elsewhere.xml"
"""The gadgets alone, for a column of the Home tab or for the page above all tabs."""
SUPERVISOR_TABS_ON_FINESSE = "layout-supervisor-tabs-on-finesse.xml"
"""Further tabs for the layout of the role Supervisor."""
RIGHT_TO_LEFT_LANGUAGES = {"ar", "fa", "he", "ur"}
VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Bundle:
    """A rendered bundle."""

    version: str
    """The hash of the assets, and the name of their folder."""
    files: dict[str, bytes]
    """By path below the output folder."""

    def asset_path(self, name: str) -> str:
        """Return where an asset of the sources lies in the bundle."""
        return f"callcard/{self.version}/{name}"


def render(sources: Sources, service_url: str) -> Bundle:
    """Render the whole bundle. Raises BundleError."""
    sources = shorten_event_names(number_message_keys(sources))
    assets = dict(sources.assets)
    for name in (*sources.scripts, *sources.styles):
        del assets[name]
    for gadget in sources.gadgets.values():
        assets[gadget.page_style] = join_styles(gadget, gadget.styles, sources.assets)
        for part, styles in gadget.later_styles.items():
            assets[gadget.later_style(part)] = join_styles(gadget, styles, sources.assets)
        assets |= join_modules(gadget.main_script, sources.assets)
    assets = {name: minify_asset(name, content) for name, content in assets.items()}
    assets |= render_texts(sources)
    version = _content_hash(assets)
    bundle = Bundle(version, {})
    for name, content in assets.items():
        bundle.files[bundle.asset_path(name)] = content
    for gadget in sources.gadgets.values():
        module = _render_module(gadget, version, sources, service_url)
        bundle.files[f"callcard/{gadget.name}.xml"] = module
    bundle.files.update(_render_snippets(sources, "on-finesse", FILES_ON_FINESSE, version))
    if service_url:
        base_url = f"{service_url.rstrip('/')}/gadget/callcard/"
        bundle.files.update(_render_snippets(sources, "elsewhere", base_url, version))
    return bundle


def _render_snippets(sources: Sources, where: str, base_url: str, version: str) -> dict[str, bytes]:
    """Return the snippets of the desktop layout for gadgets that are served from an address."""
    gadgets = sources.gadgets.values()
    for_agents = [gadget for gadget in gadgets if gadget.role == "Agent"]
    for_supervisors = [gadget for gadget in gadgets if gadget.role == "Supervisor"]
    snippets = {
        f"layout-tabs-{where}.xml": _render_tabs(for_agents, base_url, version),
        f"layout-gadgets-{where}.xml": _render_gadgets(for_agents, base_url, version),
    }
    if for_supervisors:
        tabs = _render_tabs(for_supervisors, base_url, version)
        snippets[f"layout-supervisor-tabs-{where}.xml"] = tabs
    return {name: content for name, content in snippets.items() if content}


def render_view(gadget: Gadget, sources: Sources) -> str:
    """Return the gadget's markup. Raises BundleError with the template's line."""
    return _render_template(gadget.view_template, sources, {"gadget": gadget.options})


def _content_hash(assets: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(assets.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:VERSION_DIGITS]


def _render_module(gadget: Gadget, version: str, sources: Sources, service_url: str) -> bytes:
    # The default language comes first: its <Locale> names no language, so it is for all others.
    codes = sorted(sources.texts, key=lambda code: (code != DEFAULT_LANGUAGE, code))
    values = {
        "gadget": gadget.options,
        "view": Markup(render_view(gadget, sources)),  # noqa: S704 - rendered with autoescape
        "assets": version,
        "version": __version__,
        "service": service_url.rstrip("/"),
        "languages": [
            {
                "code": code,
                "rtl": code in RIGHT_TO_LEFT_LANGUAGES,
                "messages": messages_file(gadget, code),
            }
            for code in codes
        ],
        "role": gadget.role,
        "style": gadget.page_style,
        "main": gadget.main_script,
    }
    return _render_template(MODULE_TEMPLATE, sources, values).encode()


def _render_template(name: str, sources: Sources, values: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources.templates),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        keep_trailing_newline=True,
    )
    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        reason = error.message or "jinja2 cannot read the template"
        raise BundleError(f"{FOLDER}{error.name or name}", error.lineno, reason) from error
    except jinja2.TemplateError as error:
        lines = [
            frame.lineno or 1
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == "<template>"
        ]
        line = lines[-1] if lines else 1
        raise BundleError(f"{FOLDER}{name}", line, error.message or str(error)) from error


def _render_tabs(gadgets: Iterable[Gadget], base_url: str, version: str) -> bytes:
    """Return tabs for between <tabs> and </tabs> of the desktop layout, Finesse 12.5 and later."""
    tabs = [
        "<tab>\n"
        f"  <id>{gadget.name}</id>\n"
        "  <icon>contact</icon>\n"
        f"  <label>{escape(gadget.options['title'])}</label>\n"
        "  <columns><column><gadgets>\n"
        f"    {_gadget_element(gadget.name, base_url, version)}\n"
        "  </gadgets></column></columns>\n"
        "</tab>\n"
        for gadget in gadgets
    ]
    return "".join(tabs).encode()


def _render_gadgets(gadgets: Iterable[Gadget], base_url: str, version: str) -> bytes:
    """Return gadgets for a column's <gadgets>, or for <page>."""
    lines = [f"{_gadget_element(each.name, base_url, version)}\n" for each in gadgets]
    return "".join(lines).encode()


def _gadget_element(name: str, base_url: str, version: str) -> str:
    # Each build gets a new address by v=, so that no cache returns the old gadget XML.
    url = f"{base_url}{quote(name)}.xml?v={version}"
    return f'<gadget id="{name}" hidden="false">{escape(url)}</gadget>'
