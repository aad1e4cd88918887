"""Style sheets: what they load, and how those of a page become one.

One file takes fewer requests than several, and compresses better.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from callcard.bundle.sources import Gadget, resolve_path

_REFERENCE = re.compile(r"""url\(\s*["']?(?!data:|#)(?P<path>[^"')]+)""")


def style_references(style: str) -> Iterator[tuple[int, str]]:
    """Yield line and path of every file that a style sheet loads."""
    for match in _REFERENCE.finditer(style):
        yield style.count("\n", 0, match.start()) + 1, match["path"]


def join_styles(gadget: Gadget, names: Iterable[str], assets: Mapping[str, bytes]) -> bytes:
    """Return style sheets as one of the gadget's, with addresses relative to its folder."""
    return b"\n".join(_relocated(name, assets[name].decode(), gadget) for name in names)


def _relocated(name: str, style: str, gadget: Gadget) -> bytes:
    folder = posixpath.dirname(gadget.page_style)
    parts = []
    position = 0
    for match in _REFERENCE.finditer(style):
        path = posixpath.relpath(resolve_path(name, match["path"]), folder)
        parts += [style[position : match.start("path")], path]
        position = match.end("path")
    return "".join([*parts, style[position:]]).encode()
