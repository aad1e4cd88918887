"""Texts that only later scripts show: they are loaded with these, not with the page.

The page's texts are its gadget XML's message bundles. Those of a later script are a module for each
language, beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from callcard.bundle.javascript import arguments_of, field, literal, parse, text_of, walk
from callcard.bundle.module_join import later_modules, page_modules
from callcard.bundle.sources import Gadget, Sources


def split_later_texts(sources: Sources) -> tuple[Sources, dict[str, bytes]]:
    """Return the sources without texts that only later scripts show, and the modules with these."""
    on_pages = {
        key for text in sources.templates.values() for key in re.findall(r"__MSG_(.+?)__", text)
    }
    later: dict[str, set[str]] = {}
    for name, gadget in sources.gadgets.items():
        main = gadget.main_script
        on_pages.update(_keys(page_modules(main, sources.assets), sources.assets))
        later[name] = set(_keys(later_modules(main, sources.assets), sources.assets))
    moved = set().union(*later.values()) - on_pages
    modules = {
        texts_module(gadget, language): _module(texts, later[name] - on_pages)
        for name, gadget in sources.gadgets.items()
        if later[name]
        for language, texts in sources.texts.items()
    }
    texts = {
        language: {key: text for key, text in by_key.items() if key not in moved}
        for language, by_key in sources.texts.items()
    }
    return replace(sources, texts=texts), modules


def texts_module(gadget: Gadget, language: str) -> str:
    """Return the name of the module with the texts of a gadget's later scripts."""
    return f"{gadget.name}/later-texts/{language}.js"


def _keys(modules: Iterable[str], assets: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the keys of the texts that scripts show."""
    for name in modules:
        for node in walk(parse(assets[name])):
            if node.type == "call_expression" and text_of(field(node, "function")) == "t":
                key = next(iter(arguments_of(node)), node)
                if key.type == "string":
                    yield literal(key)


def _module(texts: Mapping[str, str], keys: set[str]) -> bytes:
    shown = {key: text for key, text in texts.items() if key in keys}
    return f"export const texts = {json.dumps(shown, ensure_ascii=False)};\n".encode()
