"""What gateways, carriers and phones send in place of a number that the caller withholds."""

from __future__ import annotations

import re

from callcard.text import fold, spellings

_WORDS = {
    # gateways and SIP; Finesse writes NULL after a failover
    "", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld", "blocked",
    "restricted number", "blocked number", "unavail",
    "p", "o", "id unavailable", "not available", "no number", "no caller id", "no cli",
    "out of area", "coverage unavailable", "presentation restricted", "cli withheld",
    "not provided", "null", "none", "n/a", "na", "nil", "undefined",
    # English
    "private number", "private caller", "unknown number", "unknown caller", "anonymous caller",
    "anonymous call", "caller unknown", "number withheld", "withheld number", "number unavailable",
    "number blocked", "hidden number", "hidden",
    # German
    "anonym", "anonymer anruf", "anonymer anrufer", "privat", "private nummer", "unbekannt",
    "unbekannter anrufer", "unbekannter teilnehmer", "teilnehmer unbekannt", "unbekannte nummer",
    "rufnummer unbekannt", "nummer unbekannt", "unterdrückt", "nummer unterdrückt",
    "rufnummer unterdrückt", "unterdrückte nummer", "unterdrückte rufnummer", "keine nummer",
    "keine rufnummer",
    # French
    "anonyme", "appel anonyme", "privé", "numéro privé", "inconnu", "numéro inconnu",
    "non disponible", "correspondant inconnu", "masqué", "numéro masqué", "appel masqué", "secret",
    # Spanish and Portuguese
    "anónimo", "privado", "número privado", "desconocido", "número desconocido", "oculto",
    "número oculto", "sin número", "anônimo", "desconhecido", "número desconhecido",
    "não identificado", "confidencial",
    # Italian
    "anonimo", "numero anonimo", "privato", "numero privato", "sconosciuto", "numero sconosciuto",
    "nascosto", "numero nascosto",
    # Dutch, Swedish, Danish, Norwegian, Finnish
    "anoniem", "privénummer", "onbekend", "onbekend nummer", "nummer onbekend", "afgeschermd",
    "afgeschermd nummer", "okänt", "okänt nummer", "dolt nummer", "skyddat nummer",
    "hemligt nummer", "ukendt", "ukendt nummer", "hemmeligt nummer", "skjult nummer", "ukjent",
    "ukjent nummer", "hemmelig nummer", "tuntematon", "tuntematon numero", "salainen numero",
    # Polish, Czech, Russian, Turkish
    "numer prywatny", "prywatny", "zastrzeżony", "numer zastrzeżony", "nieznany",
    "nieznany numer", "neznámé číslo", "skryté číslo", "soukromé číslo", "неизвестный",
    "номер не определен", "не определен", "номер скрытый", "прихований номер",
    "приватний номер", "невідомий номер", "неизвестный номер", "неизвестен", "скрытый номер",
    "номер скрыт", "скрыт", "аноним",
    "анонимный", "gizli", "gizli numara", "bilinmeyen", "bilinmeyen numara", "özel numara",
    # Hungarian, Romanian, Greek, Vietnamese, Thai, Indonesian
    "ismeretlen", "ismeretlen szám", "rejtett szám", "titkos szám", "privát szám", "necunoscut",
    "număr necunoscut", "număr ascuns", "număr privat", "άγνωστος", "άγνωστος αριθμός",
    "απόκρυψη", "απόκρυψη αριθμού", "ιδιωτικός αριθμός", "số riêng", "số không xác định",
    "không xác định", "không rõ", "số ẩn", "ไม่ทราบ", "ไม่ทราบหมายเลข", "หมายเลขส่วนตัว",
    "ไม่แสดงหมายเลข", "nomor pribadi", "nomor tidak dikenal", "tidak dikenal",
    "nomor disembunyikan",
    # Arabic, Hebrew, Japanese, Chinese, Korean
    "خاص", "رقم خاص", "محجوب", "رقم محجوب", "مجهول", "رقم مجهول", "غير معروف", "رقم غير معروف",
    "חסוי", "מספר חסוי", "非通知", "非通知設定", "表示圏外", "通知不可能", "公衆電話", "未知",
    "未显示号码", "未显示", "号码未显示", "未知号码", "未知來電", "隐藏号码", "私人号码", "無號碼",
    "발신번호표시제한", "발신번호 표시제한", "발신번호없음", "번호없음",
}  # fmt: skip
_KEYPAD_WORDS = {
    "266696687",
    "+266696687",
    "0266696687",
    "+0266696687",
    "+8656696",
    "+7378742833",
    "+86282452253",
}
"""ANONYMOUS, UNKNOWN, RESTRICTED and UNAVAILABLE on a keypad, as gateways send them. With the plus
none of them is a number of any country; without it some are."""


_BETWEEN_WORDS = re.compile(r"[\s_–-]+")
_BETWEEN_DIGITS = re.compile(r"[\s().-]")
_ZEROS = re.compile(r"\+10{10,}", re.ASCII)


def _plain(text: str) -> str:
    """Return a word as it is compared: without case, accents and the punctuation around it."""
    return _BETWEEN_WORDS.sub(" ", fold(text)).strip(" \"'<>()[]{}.!—:")


_WITHHELD = {_plain(spelling) for word in _WORDS for spelling in (word, *spellings(word))} - {""}


def is_withheld(text: str) -> bool:
    """Return whether a text stands for a withheld number."""
    plain = _plain(text)
    digits = _BETWEEN_DIGITS.sub("", text)
    if digits in _KEYPAD_WORDS or _ZEROS.fullmatch(digits):
        return True
    return plain in _WITHHELD or text.strip() == "-1" or not text.strip("-. ")
