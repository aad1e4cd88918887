"""Short keys for texts: a page loads each key twice, in its script and in its messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from callcard.bundle.javascript import (
    SyntaxNode,
    arguments_of,
    field,
    literal,
    nodes_of,
    replaced,
    text_of,
)
from callcard.bundle.short_names import short_name
from callcard.bundle.sources import DEFAULT_LANGUAGE, Sources


def shorten_message_keys(sources: Sources) -> Sources:
    """Return the sources with short keys for the texts; those that templates name keep theirs."""
    named = {
        key for text in sources.templates.values() for key in re.findall(r"__MSG_(.+?)__", text)
    }
    long_keys = [key for key in sources.texts[DEFAULT_LANGUAGE] if key not in named]
    numbers = (number for number in count() if short_name(number) not in named)
    short_keys = {key: short_name(number) for key, number in zip(long_keys, numbers, strict=False)}
    texts = {
        language: {short_keys.get(key, key): text for key, text in by_key.items()}
        for language, by_key in sources.texts.items()
    }
    scripts = {
        name: replaced(source, _keys_in(source, short_keys))
        for name, source in sources.scripts.items()
    }
    return replace(sources, texts=texts, assets={**sources.assets, **scripts})


def _keys_in(script: bytes, short_keys: dict[str, str]) -> Iterator[tuple[SyntaxNode, str]]:
    """Yield the literal keys of a script's `t()` calls, each with its short key."""
    for node in nodes_of(script):
        if node.type != "call_expression" or text_of(field(node, "function")) != "t":
            continue
        key = next(iter(arguments_of(node)), node)
        short_key = short_keys.get(literal(key))
        if key.type == "string" and short_key:
            yield key, f'"{short_key}"'
