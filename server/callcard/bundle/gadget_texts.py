"""Which texts each gadget loads: those of its page, and those that only its later scripts show.

The page's texts are the message bundles of its gadget XML. Those of each later script are a module
for each language, beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from callcard.bundle.javascript import arguments_of, field, literal, nodes_of, text_of
from callcard.bundle.module_join import later_parts, page_modules
from callcard.bundle.sources import Gadget, Sources


def render_texts(sources: Sources) -> dict[str, bytes]:
    """Return every gadget's message bundles, and the modules with its later texts, by name."""
    in_templates = {
        key for text in sources.templates.values() for key in re.findall(r"__MSG_(.+?)__", text)
    }
    files = {}
    for gadget in sources.gadgets.values():
        main = gadget.main_script
        known = in_templates.union(_keys(page_modules(main, sources.assets), sources.assets))
        for language, texts in sources.texts.items():
            files[messages_file(gadget, language)] = _messages(texts, known)
        for entry, modules in later_parts(main, sources.assets).items():
            own = set(_keys(modules, sources.assets)) - known
            known |= own
            for language, texts in sources.texts.items():
                files[texts_module(entry, language)] = _module(texts, own)
    return files


def messages_file(gadget: Gadget, language: str) -> str:
    """Return the name of the message bundle that a gadget's XML names."""
    return f"{gadget.name}/messages/{language}.xml"


def texts_module(script: str, language: str) -> str:
    """Return the name of the module with the texts of a script that is loaded later."""
    return f"{script.removesuffix('.js')}-texts/{language}.js"


def _keys(modules: Iterable[str], assets: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the keys of the texts that scripts show."""
    for name in modules:
        for node in nodes_of(assets[name]):
            if node.type == "call_expression" and text_of(field(node, "function")) == "t":
                key = next(iter(arguments_of(node)), node)
                if key.type == "string":
                    yield literal(key)


def _messages(texts: Mapping[str, str], keys: set[str]) -> bytes:
    root = etree.Element("messagebundle")
    for key, text in texts.items():
        if key in keys:
            etree.SubElement(root, "msg", name=key).text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _module(texts: Mapping[str, str], keys: set[str]) -> bytes:
    shown = {key: text for key, text in texts.items() if key in keys}
    return f"export const texts = {json.dumps(shown, ensure_ascii=False)};\n".encode()
