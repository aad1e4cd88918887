"""Numbers as keys of texts: scripts, messages and templates still mean the same text."""

from callcard.bundle.message_keys import number_message_keys
from callcard.bundle.sources import Gadget, Sources

TEXTS = {f"text.number{number}": f"Text {number}" for number in range(60)} | {"a": "A", "b": "B"}
SCRIPT = b"""
import { t } from "../texts.js";
const label = t("text.number59", { of: t("text.number0"), is: "text.number0" });
other.t("text.number1"), t(label), t("text.unknown"), t();
"""


def shortened(**templates: str) -> Sources:
    texts = {"en": TEXTS, "de": {key: text.lower() for key, text in reversed(TEXTS.items())}}
    assets = {"x/main.js": SCRIPT, "texts.js": b"", "x.css": b""}
    gadgets = {"x": Gadget("x", {"title": "x"}, ())}
    return number_message_keys(Sources(gadgets, templates, assets, texts))


def key_of(sources: Sources, text: str) -> str:
    (key,) = (key for key, each in sources.texts["en"].items() if each == text)
    return key


def test_script_names_texts_by_their_numbers() -> None:
    sources = shortened()
    first, last = key_of(sources, "Text 0"), key_of(sources, "Text 59")
    assert (first, last) == ("1", "0"), "as the page loads them"
    script = sources.assets["x/main.js"].decode()
    assert f'const label = t("{last}", {{ of: t("{first}"), is: "text.number0" }});' in script
    assert 'other.t("text.number1"), t(label), t("text.unknown"), t();' in script
    assert sources.assets["x.css"] == b""


def test_every_language_has_every_number() -> None:
    english, german = shortened().texts["en"], shortened().texts["de"]
    assert len(english) == len(TEXTS)
    assert {key: text.lower() for key, text in english.items()} == german


def test_template_keeps_the_keys_that_it_names() -> None:
    sources = shortened(view="<b>__MSG_text.number3__ __MSG_b__</b>")
    assert key_of(sources, "Text 3") == "text.number3"
    assert key_of(sources, "B") == "b"
    assert len(sources.texts["en"]) == len(TEXTS)
