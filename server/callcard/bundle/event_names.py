"""Short names for the events of a gadget's own elements: each stands at both of its ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from callcard.bundle.javascript import (
    SyntaxNode,
    arguments_of,
    field,
    literal,
    nodes_of,
    replaced,
    text_of,
)
from callcard.bundle.sources import Sources

_SENDERS = ("emit", "request")
"""Functions of `shared/dom.js`, whose second argument is an event's name."""


def shorten_event_names(sources: Sources) -> Sources:
    """Return the sources with short names for the events that scripts emit or request.

    An event whose name a template or a style names keeps it.
    """
    emitted = {name for script in sources.scripts.values() for name in _sent_in(script)}
    styles = (style.decode() for style in sources.styles.values())
    others = "\n".join((*sources.templates.values(), *styles))
    long_names = sorted(name for name in emitted if name not in others)
    short_names = {name: f"e{number}" for number, name in enumerate(long_names)}
    scripts = {
        name: replaced(source, _names_in(source, short_names))
        for name, source in sources.scripts.items()
    }
    return replace(sources, assets={**sources.assets, **scripts})


def _sent_in(script: bytes) -> Iterator[str]:
    for node in nodes_of(script):
        if node.type == "call_expression" and text_of(field(node, "function")) in _SENDERS:
            yield from (literal(each) for each in arguments_of(node)[1:2] if each.type == "string")


def _names_in(script: bytes, short_names: dict[str, str]) -> Iterator[tuple[SyntaxNode, str]]:
    """Yield a script's strings that are such a name, each with its short one."""
    for node in nodes_of(script):
        if node.type == "string" and (short_name := short_names.get(literal(node))):
            yield node, f'"{short_name}"'
