"""`callcard lists` and `callcard keys`, run as a user runs them."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.routing.list_files import _with_quote, _without_quote
from callcard.settings import Settings
from callcard.store.base import ListEntryRow
from callcard.store.open_store import open_store
from tests.test_cli import callcard

pytestmark = pytest.mark.slow

HEADER = "number,reason,dialled,team,action,target,expires_at\n"


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def exported(folder: Path, name: str = "deny") -> list[list[str]]:
    done = callcard("lists", "export", name, cwd=folder)
    assert done.returncode == 0
    return lines(done.stdout)


def write(folder: Path, content: str, name: str = "feed.csv") -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return name


def test_what_is_exported_can_be_imported(tmp_path: Path) -> None:
    content = (
        HEADER
        + '+4930123456,"fraud, again",,,,,\n'
        + "+4930*,abroad,7000,,divert,7999,2090-01-01T00:00:00Z\n"
        + "withheld,'=1+1,,1,announce,closed,\n"
    )
    done = callcard("lists", "import", "deny", write(tmp_path, content), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "deny: 3 imported\n")
    first = exported(tmp_path)
    assert sorted(first[1:]) == sorted(lines(content)[1:])
    other = tmp_path / "other"
    other.mkdir()
    done = callcard("lists", "export", "deny", "--out", str(other / "copy.csv"), cwd=tmp_path)
    assert done.returncode == 0
    callcard("lists", "import", "deny", "copy.csv", cwd=other)
    assert sorted(exported(other)) == sorted(first)


def test_number_of_several_readings_is_exported_as_it_was_given(tmp_path: Path) -> None:
    feed = write(tmp_path, "number,reason\n4915112345678,fraud\n+493055555,fraud\n")
    country = ("--country", "DE")
    callcard("lists", "import", "deny", feed, *country, cwd=tmp_path)
    assert sorted(line[0] for line in exported(tmp_path)[1:]) == ["+493055555", "4915112345678"]
    copy, other = "\n".join(map(",".join, exported(tmp_path))), tmp_path / "other"
    other.mkdir()
    callcard("lists", "import", "deny", write(other, copy), *country, cwd=other)
    for number in ("+4915112345678", "+494915112345678"):
        found = callcard("lists", "find", number, *country, cwd=other)
        assert "deny" in found.stdout, number


async def _propose(path: Path) -> None:
    row = ListEntryRow(
        id="p",
        list="deny",
        number="+12125550123",
        given="",
        reason="rude",
        author="1001",
        added_at=1.0,
        state="proposed",
    )
    store = open_store(str(path))
    async with store.transaction() as tx:
        await tx.save_list_entry(row)
        await tx.save_list_entry(
            replace(row, id="e", number="+12125550124", state="effective", expires_at=2.0)
        )
        await tx.save_list_entry(replace(row, id="c", number="+12125550125", state="effective"))
    await store.close()


def test_proposed_and_expired_entries_are_not_exported(tmp_path: Path) -> None:
    asyncio.run(_propose(tmp_path / Settings().journal_database))
    assert [line[0] for line in exported(tmp_path)] == ["number", "+12125550125"]


@pytest.mark.parametrize(
    "time", ["2099-01-01T00:00", "2099-01-01", "tomorrow", "2099-02-30T00:00Z"]
)
def test_expiry_needs_a_time_with_its_zone(tmp_path: Path, time: str) -> None:
    feed = write(tmp_path, f"number,reason,expires_at\n+493055555,fraud,{time}\n")
    done = callcard("lists", "import", "deny", feed, cwd=tmp_path)
    assert done.returncode == 2
    assert "line 2, expires_at: " in done.stdout
    assert exported(tmp_path)[1:] == []


def test_lines_that_are_wrong_are_named_and_the_others_imported(tmp_path: Path) -> None:
    content = (
        "reason,number,action\nfraud,212 555 0123,\n,212 555 0124,\nfraud,abc,\nx,+4930*,jump\n"
    )
    done = callcard("lists", "import", "deny", write(tmp_path, content), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "deny: 1 imported, 3 lines left out",
        "  line 3, reason: give a reason of at most 200 characters, or --reason",
        "  line 4, number: 'abc' can't be called: it is words, or a number and words that belong "
        "apart",
        "  line 5, action: an entry of deny can reject or announce or divert, not 'jump'",
    ]


def test_numbers_alone_need_no_first_line(tmp_path: Path) -> None:
    name = write(tmp_path, "\ufeff212 555 0123\n\n212 555 0124\n")
    done = callcard("lists", "import", "flag", name, "--reason", "owes", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "flag: 2 imported\n")
    found = callcard("lists", "find", "+12125550124", cwd=tmp_path)
    assert found.stdout == "flag         +12125550124; owes (import feed.csv)\n"
    assert callcard("lists", "find", "7000", cwd=tmp_path).stdout == "7000 is on no list\n"


def test_feed_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    def replace(content: str, *more: str) -> str:
        options = ("--reason", "fraud", "--source", "feed", "--replace", *more)
        name = write(tmp_path, content)
        return callcard("lists", "import", "deny", name, *options, cwd=tmp_path).stdout

    callcard("lists", "import", "deny", write(tmp_path, "7001\n"), "--reason", "x", cwd=tmp_path)
    assert replace("7001\n7002\n7003\n") == (
        "deny: 2 imported, 1 listed by others already, 0 of earlier imports removed\n"
    )
    assert "nothing was removed" in replace("")
    assert "nothing was removed" in replace("7003\nabc\n")
    assert numbers(tmp_path) == {"7001", "7002", "7003"}
    assert replace("7003\n7004\n").endswith("1 of earlier imports removed\n")
    assert numbers(tmp_path) == {"7001", "7003", "7004"}


def numbers(folder: Path) -> set[str]:
    return {row[0] for row in exported(folder)[1:]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n", "the first line must name the columns"),
        (b"number,colour\n1,2\n", "the column 'colour' is unknown"),
        (b"number\n\xff\xfe\n", "must be in UTF-8"),
        (b"number,reason\n\x00,x\n", "lines left out"),
    ],
)
def test_file_that_is_no_list(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "feed.csv").write_bytes(content)
    done = callcard("lists", "import", "deny", "feed.csv", cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@given(st.text())
def test_text_survives_a_spreadsheet(text: str) -> None:
    quoted = _with_quote(text)
    assert not quoted.startswith(("=", "@"))
    if not text.startswith("'"):
        assert _without_quote(quoted) == text


# ---- keys


def test_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    made = callcard("keys", "add", "UCCX script", "--scope", "routing", "--days", "3", cwd=tmp_path)
    key = made.stdout.strip()
    id = key.split("_")[1]
    assert id in made.stderr
    assert states(tmp_path, [id]) == ["until"]
    assert key not in callcard("keys", "list", cwd=tmp_path).stdout
    assert callcard("keys", "revoke", id, cwd=tmp_path).stdout == f"{id} UCCX script: revoked\n"
    again = callcard("keys", "revoke", id, cwd=tmp_path)
    assert again.stdout == f"{id} UCCX script: was revoked before\n"
    assert states(tmp_path, [id]) == ["revoked"]
    unknown = callcard("keys", "revoke", "nope", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "there is no key 'nope'" in unknown.stderr


def test_key_is_replaced_by_one_like_it(tmp_path: Path) -> None:
    made = callcard("keys", "add", "board", "--scope", "events", "--rate", "7", cwd=tmp_path)
    old = made.stdout.split("_")[1]
    rotated = callcard("keys", "rotate", old, "--overlap-days", "2", cwd=tmp_path)
    assert rotated.returncode == 0, rotated.stderr
    new = rotated.stdout.split("_")[1]
    assert new != old
    assert new in rotated.stderr
    assert old in rotated.stderr
    assert states(tmp_path, [old, new]) == ["until", "valid"]
    line = next(each for each in _listed(tmp_path) if each.startswith(new))
    assert [part in line for part in ("events", "7/s", "board", "used never")] == [True] * 4
    assert callcard("keys", "rotate", new, "--overlap-days", "0", cwd=tmp_path).returncode == 0
    ended = callcard("keys", "rotate", new, cwd=tmp_path)
    assert ended.returncode == 1
    assert f"there is no valid key '{new}'" in ended.stderr


def states(folder: Path, ids: Iterable[str]) -> list[str]:
    listed = {line.split()[0]: line for line in _listed(folder)}
    return [listed[id].split()[6] for id in ids]


def _listed(folder: Path) -> list[str]:
    return callcard("keys", "list", cwd=folder).stdout.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [("x",), ("x", "--scope", "all"), (" ", "--scope", "routing"), ("x", "--days", "0")],
)
def test_key_that_cannot_be_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = callcard("keys", "add", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
