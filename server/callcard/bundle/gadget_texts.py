"""Which texts each gadget loads: those of its page, and those that only its later scripts show.

The page's texts are the message bundles of its gadget XML. Those of each later script are a module
for each language, beside it: an array with each text at its number (message_keys.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lxml import etree

from callcard.bundle.message_keys import keys_in_modules, keys_in_templates
from callcard.bundle.module_join import later_parts, page_modules
from callcard.bundle.sources import Gadget, Sources


def render_texts(sources: Sources) -> dict[str, bytes]:
    """Return every gadget's message bundles, and the modules with its later texts, by name.

    The sources' texts have numbers as keys.
    """
    in_templates = keys_in_templates(sources)
    files = {}
    for gadget in sources.gadgets.values():
        main = gadget.main_script
        known = in_templates.union(
            keys_in_modules(page_modules(main, sources.assets), sources.assets)
        )
        for language, texts in sources.texts.items():
            files[messages_file(gadget, language)] = _messages(texts, known)
        for entry, modules in later_parts(main, sources.assets).items():
            own = set(keys_in_modules(modules, sources.assets)) - known
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


def _messages(texts: Mapping[str, str], keys: set[str]) -> bytes:
    root = etree.Element("messagebundle")
    for key, text in texts.items():
        if key in keys:
            etree.SubElement(root, "msg", name=key).text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _module(texts: Mapping[str, str], keys: set[str]) -> bytes:
    # A place without a text is a hole of a sparse array, as in [, "a"].
    last = max(map(int, keys), default=-1)
    places = map(str, range(last + 1))
    array = ",".join(
        json.dumps(texts[key], ensure_ascii=False) if key in keys else "" for key in places
    )
    return f"export const texts=[{array}];\n".encode()
