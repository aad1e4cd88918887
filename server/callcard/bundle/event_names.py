"""Short names for the events of a gadget's own elements: each stands at both of its ends."""

from __future__ import annotations

import re
from dataclasses import replace

from callcard.bundle.javascript import literal, parse, walk
from callcard.bundle.sources import Sources

_EMITTED = re.compile(rb"""\b(?:emit|request)\(\s*[\w.]+,\s*["'](callcard-[a-z-]+)["']""")


def shorten_event_names(sources: Sources) -> Sources:
    """Return the sources with short names for the events that scripts emit or request.

    An event whose name a template or a style names keeps it.
    """
    emitted = {name.decode() for script in sources.scripts.values() for name in _names_in(script)}
    styles = (style.decode() for style in sources.styles.values())
    others = "\n".join((*sources.templates.values(), *styles))
    long_names = sorted(name for name in emitted if name not in others)
    short_names = {name: f"e{number}" for number, name in enumerate(long_names)}
    scripts = {name: _with_names(source, short_names) for name, source in sources.scripts.items()}
    return replace(sources, assets={**sources.assets, **scripts})


def _names_in(script: bytes) -> list[bytes]:
    return _EMITTED.findall(script)


def _with_names(script: bytes, short_names: dict[str, str]) -> bytes:
    """Return a script with the literals that are such a name replaced."""
    result = bytearray()
    position = 0
    for node in walk(parse(script)):
        short_name = short_names.get(literal(node)) if node.type == "string" else None
        if short_name:
            result += script[position : node.start_byte] + f'"{short_name}"'.encode()
            position = node.end_byte
    return bytes(result + script[position:])
