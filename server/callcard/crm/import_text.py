"""The text of a file to import: its encoding, and its lines.

Files come as UTF-8, as UTF-16 with or without a byte order mark, or in a Windows code page. A byte
that does not belong to the encoding does not garble the rest: it is read as Windows-1252, and
reported with its line and column.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from callcard.crm.import_report import ImportFileError

_CHUNK_BYTES = 1024 * 1024
_SAMPLE_BYTES = 64 * 1024
_FOREIGN = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_BROKEN = re.compile("\ufffd+")
_FOLD = re.compile(rb"\r?\n[ \t]")
_LINE = re.compile(rb"(?<=\r)(?!\n)")
_FALLBACK = "cp1252"
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257")
_CODE_PAGE_OF_COUNTRIES = {
    "cp1250": "AL BA CZ HR HU ME PL RO RS SI SK",
    "cp1251": "BG BY KG KZ MK MN RU TJ UA",
    "cp1253": "CY GR",
    "cp1254": "AZ TR",
    "cp1255": "IL",
    "cp1256": "AE BH DZ EG IQ IR JO KW LB LY MA OM PK PS QA SA SD SY TN YE",
    "cp1257": "EE LT LV",
}

_SCRIPTS = ("CYRILLIC", "GREEK", "HEBREW", "ARABIC")

_SYMBOL = r"[^\w\s\x00-\x7f\u2018\u2019]|[\u00b2\u00b3\u00b9]"
_SYMBOL_IN_WORD = re.compile(rf"(?<=[^\W\d_])(?:{_SYMBOL})|(?:{_SYMBOL})(?=[^\W\d_])")

OnForeign = Callable[[int, int, bytes], None]
"""Called with line, column and the bytes that do not belong to the file's encoding; without bytes
where a character of UTF-16 is broken."""


@dataclass(frozen=True, slots=True)
class Encoding:
    name: str
    is_mixed: bool = False
    """Some bytes do not belong to it."""


def choose_encoding(
    raw: BinaryIO, given: str | None, country: str, *, is_folded: bool = False
) -> Encoding:
    """Return the `given` encoding or the detected one. Raises ImportFileError.

    `is_folded`: lines go on in the next one after a blank, as in a vCard, also inside a character.
    """
    if given is None:
        return _detect(raw, country, is_folded)
    try:
        name = codecs.lookup(given).name
        "".encode(name)
    except (LookupError, TypeError) as error:
        raise ImportFileError(
            f"there is no encoding {given!r}; utf-8, cp1252 and utf-16 are the usual ones"
        ) from error
    return Encoding("utf-8-sig" if name == "utf-8" else name, is_mixed=True)


def text_lines(raw: BinaryIO, encoding: Encoding, on_foreign: OnForeign) -> Iterator[str]:
    """Yield the lines with their ends; only CR and LF end a line."""
    if encoding.name.startswith(("utf-16", "utf-32")):
        text = io.TextIOWrapper(raw, encoding.name, errors="replace", newline="")
        try:
            for number, wide_line in enumerate(text, 1):
                for match in _BROKEN.finditer(wide_line):
                    on_foreign(number, match.start() + 1, b"")
                yield wide_line
        finally:
            text.detach()  # the file is the caller's
        return
    for number, line in enumerate(byte_lines(raw), 1):
        yield decode(line, encoding.name, partial(on_foreign, number))


def byte_lines(raw: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file with their ends: LF, CR LF or CR."""
    for line in raw:
        yield from _LINE.split(line) if b"\r" in line[:-2] else (line,)


def decode(data: bytes, encoding: str, on_foreign: Callable[[int, bytes], None]) -> str:
    """Return the text of bytes; those that are not of the encoding are read as Windows-1252.

    `on_foreign` is called with their column, from 1, and the bytes.
    """
    if not encoding.startswith("utf") and not data.isascii():
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8")  # a line of another origin than the rest
    with suppress(UnicodeDecodeError):
        return data.decode(encoding)
    parts: list[str] = []
    decoder = "utf-8" if encoding == "utf-8-sig" else encoding
    while data:
        try:
            parts.append(data.decode(decoder))
            break
        except UnicodeDecodeError as error:
            parts.append(data[: error.start].decode(decoder))
            foreign = data[error.start : error.end]
            on_foreign(sum(map(len, parts)) + 1, foreign)
            parts.append(foreign.decode(_FALLBACK, "replace"))
            data = data[error.end :]
    return "".join(parts).removeprefix("\ufeff")


def _detect(raw: BinaryIO, country: str, is_folded: bool) -> Encoding:
    """Return the encoding after reading the whole file: the first umlaut may be in the last row."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    foreign = proper = 0
    sample = bytearray()
    try:
        chunk = raw.read(_CHUNK_BYTES)
        if wide := _wide_encoding(chunk):
            return Encoding(wide)
        while chunk:
            text = decoder.decode(_FOLD.sub(b"", chunk) if is_folded else chunk)
            foreign += len(_FOREIGN.findall(text))
            proper += len(_NOT_ASCII.findall(text))
            if len(sample) < _SAMPLE_BYTES:
                lines = (line for line in chunk.splitlines(keepends=True) if not line.isascii())
                sample += b"".join(lines)[:_SAMPLE_BYTES]
            chunk = raw.read(_CHUNK_BYTES)
        foreign += len(_FOREIGN.findall(decoder.decode(b"", final=True)))
    finally:
        raw.seek(0)
    if not foreign:
        return Encoding("utf-8-sig")
    if proper >= foreign:
        return Encoding("utf-8-sig", is_mixed=True)
    return Encoding(_code_page(bytes(sample), country), is_mixed=True)


def _wide_encoding(start: bytes) -> str:
    """Return UTF-16 or UTF-32 if the start of a file looks like it, else nothing."""
    head = start[:4096]
    head = head[: len(head) // 4 * 4]
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _is_text(head, "utf-16"):
        return "utf-16"
    first_line = head.split(b"\n")[0].split(b"\r")[0]
    if 0 not in head or (first_line and first_line.isascii() and 0 not in first_line):
        return ""  # in UTF-16, ASCII letters and line ends have a 0
    wide = [name for name in ("utf-16-le", "utf-16-be") if _is_text(head, name)]
    return wide[0] if len(wide) == 1 else ""


def _is_text(data: bytes, encoding: str) -> bool:
    """Return whether bytes make letters, digits and line ends in an encoding."""
    text = data.decode(encoding, "replace")
    breaks = len(re.findall(r"[\r\n]", text))
    raw_breaks = data.count(b"\n") + data.count(b"\r")
    if not breaks or raw_breaks > 1.5 * breaks:  # those of 8-bit text with a stray NUL
        return False
    usual = sum(unicodedata.category(c)[0] in "LNMPZS" or c in "\r\n\t\ufeff" for c in text)
    broken = sum(c == "\ufffd" or unicodedata.category(c) in ("Co", "Cn") for c in text)
    return usual - 10 * broken > 0.9 * len(text)


def _code_page(sample: bytes, country: str) -> str:
    """Return the Windows code page of lines: the country's, unless its letters speak against it."""
    usual = _FALLBACK
    for page, countries in _CODE_PAGE_OF_COUNTRIES.items():
        if country in countries.split():
            usual = page
    if not _speaks_against(sample.decode(usual, "replace"), usual, country):
        return usual
    # Imported on use: only files that are not Unicode need it.
    from charset_normalizer import from_bytes

    others = [page for page in _CODE_PAGES if page != usual]
    best = from_bytes(sample, cp_isolation=others).best()
    return best.encoding if best is not None and best.coherence > 0 else usual


def _speaks_against(text: str, page: str, country: str) -> bool:
    """Return whether a text, as a code page makes it, is not what people write.

    Symbols within words, as in £ukasz, and words that are all accents, as in Èâàí; in Windows-1252
    also the Icelandic letters that Turkish ones become.
    """
    high = [c for c in text if not c.isascii()]
    if page in ("cp1251", "cp1253", "cp1255", "cp1256"):
        native = sum(unicodedata.name(c, "").split(" ")[0] in _SCRIPTS for c in high)
        return 2 * native < len(high)
    odd = len(_SYMBOL_IN_WORD.findall(text))
    odd += sum(len(run) for run in re.findall(r"[^\W\d_a-zA-Z]{3,}", text))
    if page == _FALLBACK and country not in ("IS", "FO"):
        odd += len(re.findall("[\u00f0\u00fe\u00d0\u00de\u00fd]", text))
    return 10 * odd > len(high)
