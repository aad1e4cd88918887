"""The size budget: how many bytes of ours one gadget's page loads, compressed."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from callcard.bundle.checks import view_elements, view_references
from callcard.bundle.errors import BundleError
from callcard.bundle.gadget_texts import messages_file, texts_module
from callcard.bundle.module_join import later_parts
from callcard.bundle.rendering import Bundle, render_view
from callcard.bundle.sources import DEFAULT_LANGUAGE, Gadget, Sources, resolve_path
from callcard.bundle.styles import style_references

BUDGET_BYTES = 30 * 1024
"""Gzip bytes that one gadget's page may load before it shows something."""
LATER_BUDGET_BYTES = 32 * 1024
"""Gzip bytes that it may load afterwards."""
_MAX_FILES_NAMED = 3
"""How many of the largest files an error names."""


@dataclass(frozen=True)
class PageSize:
    """What one gadget's page loads."""

    gadget: Gadget
    raw_bytes: int
    gzip_bytes_by_file: dict[str, int]
    """Before anything is shown."""
    later_gzip_bytes: int
    """Of the scripts and style sheets that are loaded afterwards."""

    @property
    def gzip_bytes(self) -> int:
        return sum(self.gzip_bytes_by_file.values())


def measure_pages(sources: Sources, bundle: Bundle) -> list[PageSize]:
    """Return the size of each gadget's page, by gadget."""
    return [_measure_page(gadget, sources, bundle) for gadget in sources.gadgets.values()]


def check_budget(pages: list[PageSize]) -> None:
    """Raise BundleError for a gadget whose page is larger than the budget."""
    for page in pages:
        if page.later_gzip_bytes > LATER_BUDGET_BYTES:
            reason = (
                f"what the gadget {page.gadget.name} loads later has "
                f"{page.later_gzip_bytes:,} bytes gzip, the budget is {LATER_BUDGET_BYTES:,}"
            )
            raise BundleError(page.gadget.toml, 1, reason)
        if page.gzip_bytes <= BUDGET_BYTES:
            continue
        by_size = sorted(page.gzip_bytes_by_file.items(), key=lambda item: -item[1])
        largest = ", ".join(f"{file} ({size:,})" for file, size in by_size[:_MAX_FILES_NAMED])
        reason = (
            f"the page of the gadget {page.gadget.name} loads {page.gzip_bytes:,} bytes gzip, "
            f"the budget is {BUDGET_BYTES:,}; the largest files are {largest}"
        )
        raise BundleError(page.gadget.toml, 1, reason)


def _measure_page(gadget: Gadget, sources: Sources, bundle: Bundle) -> PageSize:
    raw_bytes = 0
    gzip_bytes_by_file: dict[str, int] = {}
    paths = {f"{gadget.name}.xml": f"callcard/{gadget.name}.xml"}
    for name in (*_page_assets(gadget, sources), messages_file(gadget, DEFAULT_LANGUAGE)):
        paths[name] = bundle.asset_path(name)
    for name, path in paths.items():
        content = bundle.files[path]
        raw_bytes += len(content)
        gzip_bytes_by_file[name] = len(gzip.compress(content, 9))
    names = [gadget.later_style(part) for part in gadget.later_styles]
    for script in later_parts(gadget.main_script, sources.assets):
        names += [script, texts_module(script, DEFAULT_LANGUAGE)]
    later = (bundle.files[bundle.asset_path(name)] for name in names)
    later_bytes = sum(len(gzip.compress(content, 9)) for content in later)
    return PageSize(gadget, raw_bytes, gzip_bytes_by_file, later_bytes)


def _page_assets(gadget: Gadget, sources: Sources) -> list[str]:
    """Return the assets that the page loads: script, style sheet and what these refer to."""
    found = [gadget.main_script, gadget.page_style]
    waiting = [path for name in gadget.styles for path in _references(name, sources)]
    for element in view_elements(render_view(gadget, sources)):
        waiting += [resolve_path(gadget.view_template, path) for path in view_references(element)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.append(name)
    return found


def _references(name: str, sources: Sources) -> list[str]:
    """Return the files that a style sheet loads."""
    style = sources.styles[name].decode()
    return [resolve_path(name, path) for _line, path in style_references(style)]
