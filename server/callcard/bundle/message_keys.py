"""Numbers instead of keys for texts: a page loads each key in its script and in its messages.

The numbers are in the order in which pages load the texts, so that those of a later script are an
array without many holes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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
from callcard.bundle.module_join import later_parts, page_modules
from callcard.bundle.sources import DEFAULT_LANGUAGE, Sources


def number_message_keys(sources: Sources) -> Sources:
    """Return the sources with numbers as the texts' keys; those that templates name keep theirs.

    Raises BundleError if a gadget's modules cannot be joined.
    """
    named = keys_in_templates(sources)
    known = sources.texts[DEFAULT_LANGUAGE]
    ordered = dict.fromkeys([*_loaded_keys(sources), *known])
    shown = [key for key in ordered if key in known and key not in named]
    numbers = {key: str(number) for number, key in enumerate(shown)}
    texts = {
        language: {numbers.get(key, key): text for key, text in by_key.items()}
        for language, by_key in sources.texts.items()
    }
    scripts = {
        name: replaced(source, _numbered_keys(source, numbers))
        for name, source in sources.scripts.items()
    }
    return replace(sources, texts=texts, assets={**sources.assets, **scripts})


def keys_in_templates(sources: Sources) -> set[str]:
    """Return the keys of the texts that templates name."""
    return {
        key for text in sources.templates.values() for key in re.findall(r"__MSG_(.+?)__", text)
    }


def keys_in_modules(modules: Iterable[str], assets: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the keys of the texts that scripts show."""
    for name in modules:
        yield from map(literal, _key_nodes(assets[name]))


def _loaded_keys(sources: Sources) -> Iterator[str]:
    """Yield the keys of the texts in the order in which the gadgets' pages load them."""
    for gadget in sources.gadgets.values():
        main = gadget.main_script
        parts = later_parts(main, sources.assets).values()
        for modules in (page_modules(main, sources.assets), *parts):
            yield from keys_in_modules(modules, sources.assets)


def _numbered_keys(script: bytes, numbers: Mapping[str, str]) -> Iterator[tuple[SyntaxNode, str]]:
    """Yield the keys of a script that have a number, each with it."""
    for node in _key_nodes(script):
        if number := numbers.get(literal(node)):
            yield node, f'"{number}"'


def _key_nodes(script: bytes) -> Iterator[SyntaxNode]:
    """Yield the literal keys of a script's `t()` calls."""
    for node in nodes_of(script):
        if node.type != "call_expression" or text_of(field(node, "function")) != "t":
            continue
        key = next(iter(arguments_of(node)), node)
        if key.type == "string":
            yield key
