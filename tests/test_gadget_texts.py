"""Texts that only later scripts show are not loaded with the page."""

from __future__ import annotations

from callcard.bundle.gadget_texts import messages_file, render_texts, texts_module
from callcard.bundle.gadget_xml import read_messages
from callcard.bundle.message_keys import number_message_keys
from callcard.bundle.sources import Gadget, Sources

SCRIPTS = {
    "card/main.js": b'import { a } from "../shared/a.js";\nt("page");\nimport("./later.js");\n',
    "card/later.js": b'import { b } from "./b.js";\nt("late");\nt("page");\nt("both");\n',
    "card/b.js": b't("later.still");\nt(unknown);\n',
    "shared/a.js": b't("shared");\n',
    "board/main.js": b't("both");\n',
}
KEYS = ("page", "late", "both", "later.still", "shared", "title", "unused")
TEXTS = {language: {key: f"{key} «{language}»" for key in KEYS} for language in ("en", "de", "ar")}


def gadget(name: str) -> Gadget:
    return Gadget(name, {"title": "x"}, ())


def test_each_gadget_loads_its_own_texts_and_later_ones_later() -> None:
    card, board = gadget("card"), gadget("board")
    gadgets = {"card": card, "board": board}
    sources = Sources(gadgets, {"module.xml.j2": "__MSG_title__"}, SCRIPTS, TEXTS)
    files = render_texts(number_message_keys(sources))
    assert set(files) == {
        name
        for language in TEXTS
        for name in (
            messages_file(card, language),
            messages_file(board, language),
            texts_module("card/later.js", language),
        )
    }

    def page_texts(each: Gadget, language: str) -> set[str]:
        return set(read_messages(files[messages_file(each, language)]).values())

    assert page_texts(card, "de") == {"page «de»", "shared «de»", "title «de»"}
    assert page_texts(board, "ar") == {"both «ar»", "title «ar»"}
    assert files["card/later-texts/ar.js"].decode() == (
        'export const texts=[,,"later.still «ar»","late «ar»","both «ar»"];\n'
    )
