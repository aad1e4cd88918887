"""Texts that only later scripts show are not loaded with the page."""

from __future__ import annotations

from callcard.bundle.later_texts import split_later_texts, texts_module
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


def test_each_text_is_where_it_is_shown_first() -> None:
    gadgets = {name: gadget(name) for name in ("card", "board")}
    sources = Sources(gadgets, {"module.xml.j2": "__MSG_title__"}, SCRIPTS, TEXTS)
    changed, modules = split_later_texts(sources)
    assert set(changed.texts["de"]) == {"page", "both", "shared", "title", "unused"}
    assert changed.texts["de"]["page"] == "page «de»"
    assert set(modules) == {texts_module(gadgets["card"], each) for each in TEXTS}
    assert modules["card/later-texts/ar.js"].decode() == (
        'export const texts = {"late": "late «ar»", "later.still": "later.still «ar»"};\n'
    )
