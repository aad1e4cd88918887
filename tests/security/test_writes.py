"""Work inside the journal's writer is bounded, and shutdown always ends."""

from __future__ import annotations

import sqlite3
import stat
import time
from pathlib import Path

import pytest

from tests.security.attacked import VICTIM, AttackedService, attacked_service

CUSTOMER = "+12125550123"


def own_interaction(service: AttackedService, number: str = CUSTOMER) -> str:
    call = service.ring(number)
    report = service.seen_by(VICTIM, call)
    return str(service.report(VICTIM, report).json()["interaction"]["id"])


@pytest.mark.parametrize(
    ("theirs", "base", "ours"),
    [
        ("b\na\nc\n" * 1000, "a\nb\n" * 1000, "c\nb\na\n" * 1000),
        ("\n" * 20_000, "a\n" * 20_000, "b\n" * 10_000),
        ("a\nb\n" * 240, "b\na\nc\n" * 160, "c\na\n" * 240),
        ("x" * 20_000, "y" * 40_000, "z" * 20_000),
    ],
)
def test_merging_notes_never_holds_up_other_writes(
    service: AttackedService, theirs: str, base: str, ours: str
) -> None:
    path = f"interactions/{own_interaction(service)}"
    service.send(VICTIM, "PUT", path, {"notes": theirs}).raise_for_status()
    start = time.monotonic()
    service.send(VICTIM, "PUT", path, {"base_notes": base, "notes": ours})
    own_interaction(service, "+12125550199")
    assert time.monotonic() - start < 4
    assert service.is_responsive()


def test_notes_that_grow_too_long_are_refused_and_not_cut(service: AttackedService) -> None:
    path = f"interactions/{own_interaction(service)}"
    service.send(VICTIM, "PUT", path, {"notes": "a" * 20_000})
    service.send(VICTIM, "PUT", path, {"base_notes": "", "notes": "b" * 19_999})
    response = service.send(VICTIM, "PUT", path, {"base_notes": "", "notes": "c" * 20_000})
    assert response.status_code == 422
    assert response.json()["field"] == "notes"
    notes = service.send(VICTIM, "GET", path).json()["notes"][0]["text"]
    assert notes == f"{'a' * 20_000}\n{'b' * 19_999}"


def test_write_behind_a_lock_is_answered_within_the_time_of_the_proxy(
    service: AttackedService,
) -> None:
    path = f"interactions/{own_interaction(service)}"
    other = sqlite3.connect(service.folder / "calls.sqlite", isolation_level=None)
    other.execute("begin immediate")
    try:
        start = time.monotonic()
        response = service.send(VICTIM, "PUT", path, {"notes": "a"})
        assert response.status_code == 503
        assert response.json()["code"] == "store-unavailable"
        assert time.monotonic() - start < 4.5
    finally:
        other.execute("rollback")
        other.close()
    assert service.send(VICTIM, "PUT", path, {"notes": "a"}).status_code == 200


def test_files_are_readable_by_their_owner_only(service: AttackedService) -> None:
    own_interaction(service)
    files = [path for path in service.folder.iterdir() if "sqlite" in path.name]
    assert len(files) >= 4, "databases and their journals"
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


@pytest.mark.parametrize("workers", [1, 2])
def test_termination_leaves_no_folder(tmp_path: Path, workers: int) -> None:
    with attacked_service(tmp_path, workers=workers) as service:
        assert service.terminate() == 0
        assert list((tmp_path / "tmp").iterdir()) == []
        assert "Traceback" not in service.log


def test_deleted_database_is_noticed(tmp_path: Path) -> None:
    with attacked_service(tmp_path) as service:
        path = f"interactions/{own_interaction(service)}"
        (tmp_path / "calls.sqlite").unlink()
        response = service.send(VICTIM, "PUT", path, {"notes": "a"})
        assert response.status_code == 503
        assert "deleted" in response.json()["detail"]


def test_integrity_check_is_clean(service: AttackedService) -> None:
    own_interaction(service)
    with sqlite3.connect(service.folder / "calls.sqlite") as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    database.close()
