"""The contract of a store: inherit StoreContract and give a `store` fixture."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import (
    AuditRow,
    Callback,
    ContactChoice,
    DialogRow,
    JournalRow,
    ListEntryRow,
    RosterRow,
    Store,
)

ROW = JournalRow(
    id="one",
    document=b"{}",
    status="due",
    last_report_at=1.0,
    due_at=1.0,
    attempts=2,
    problem="it responded 500",
    contact="local/7",
    sent=True,
    dialogs=(DialogRow(dialog="1", call_key="5:1"), DialogRow(dialog="2")),
)
CALLBACK = Callback(
    id="c",
    agent="1001",
    status="open",
    due_at="",
    number="+12125550123",
    name="Ada",
    contact="local/7",
    note="",
    created_at="2026-01-01T10:00Z",
)
LISTED = ListEntryRow(
    id="1",
    list="never-log",
    number="+1",
    given="1",
    reason="asked for it",
    author="2001",
    added_at=1.0,
)


def without_dialogs(row: JournalRow) -> JournalRow:
    """Return the row as it is read."""
    return replace(row, dialogs=())


async def save(store: Store, *rows: JournalRow) -> None:
    async with store.transaction() as tx:
        for row in rows:
            await tx.save_journal_row(row)


@pytest.mark.anyio
class StoreContract:
    async def test_journal_row_is_found_by_id_dialog_call_key_and_contact(
        self, store: Store
    ) -> None:
        await save(store, ROW)
        expected = without_dialogs(ROW)
        assert await store.journal_row("one") == expected
        for dialogs, call_key in ((["1"], ""), (["", "2"], ""), ([], "5:1")):
            assert await store.find_journal_rows(dialogs, call_key) == [expected]
        assert await store.contact_journal_rows("local/7", 10) == [expected]
        assert await store.find_journal_rows(["3"], "5:2") == []
        assert await store.journal_row("two") is None

    async def test_call_without_a_contact_is_found_by_its_number_also_when_delivered(
        self, store: Store
    ) -> None:
        row = replace(ROW, contact="/125550123", status="delivered")
        await save(store, row)
        assert await store.number_journal_rows("125550123", 10) == [without_dialogs(row)]
        assert await store.number_journal_rows("125550124", 10) == []
        assert await store.number_journal_rows("", 10) == []

    async def test_each_change_of_a_journal_row_is_saved(self, store: Store) -> None:
        another = replace(ROW, id="another")
        await save(store, ROW, another)
        for changed in (
            ROW,
            replace(ROW, document=b"{1}"),
            replace(ROW, status="parked", problem="it rejected the call"),
            replace(ROW, last_report_at=2.5),
            replace(ROW, due_at=None),
            replace(ROW, attempts=0, sent=False),
            replace(ROW, contact=""),
        ):
            await save(store, changed)
            assert await store.journal_row("one") == without_dialogs(changed)
        assert await store.journal_row("another") == without_dialogs(another)

    async def test_save_replaces_the_row_and_adds_dialogs(self, store: Store) -> None:
        await save(store, ROW)
        changed = replace(
            ROW, document=b"[]", status="open", due_at=None, dialogs=(DialogRow(dialog="3"),)
        )
        await save(store, changed)
        assert await store.find_journal_rows(["1"]) == [without_dialogs(changed)]
        assert await store.find_journal_rows(["3"]) == [without_dialogs(changed)]

    async def test_call_key_of_a_dialog_is_not_lost_when_it_is_only_named(
        self, store: Store
    ) -> None:
        await save(store, ROW, replace(ROW, dialogs=(DialogRow(dialog="1"),)))
        assert await store.find_journal_rows([], "5:1")
        await save(store, replace(ROW, dialogs=(DialogRow(dialog="2", call_key="5:2"),)))
        assert await store.find_journal_rows([], "5:2")

    async def test_due_rows_come_longest_waiting_first(self, store: Store) -> None:
        await save(
            store,
            replace(ROW, id="b", due_at=2.0),
            replace(ROW, id="a", due_at=1.0),
            replace(ROW, id="later", due_at=9.0),
            replace(ROW, id="open", status="open", due_at=None),
            replace(ROW, id="parked", status="parked"),
        )
        assert [row.id for row in await store.due_journal_rows(5.0, 10)] == ["a", "b"]
        assert [row.id for row in await store.due_journal_rows(5.0, 1)] == ["a"]
        assert [row.id for row in await store.parked_journal_rows(10)] == ["parked"]
        assert [row.id for row in await store.open_journal_rows(10)] == ["open"]
        assert await store.count_by_status() == {"open": 1, "due": 3, "parked": 1}

    async def test_merged_row_is_found_under_its_former_id(self, store: Store) -> None:
        await save(store, ROW, replace(ROW, id="two"), replace(ROW, id="three"))
        async with store.transaction() as tx:
            await tx.merge_journal_row("three", into="two")
            await tx.merge_journal_row("two", into="one")
        for id in ("two", "three"):
            assert await store.journal_row(id) == without_dialogs(ROW)

    async def test_purge_deletes_old_delivered_rows_with_what_was_merged_into_them(
        self, store: Store
    ) -> None:
        await save(store, replace(ROW, status="delivered", last_report_at=5.0))
        async with store.transaction() as tx:
            await tx.merge_journal_row("two", into="one")
            await tx.purge_delivered(5.0, 10)
        assert await store.journal_row("two")
        async with store.transaction() as tx:
            await tx.purge_delivered(6.0, 10)
        assert await store.journal_row("two") is None
        assert await store.find_journal_rows(["1"], "5:1") == []

    async def test_silent_rows_are_open_without_a_recent_report(self, store: Store) -> None:
        await save(
            store,
            replace(ROW, id="silent", status="open", last_report_at=1.0),
            replace(ROW, id="active", status="open", last_report_at=9.0),
            replace(ROW, id="due", last_report_at=1.0),
            replace(ROW, id="apart", status="unverified", last_report_at=1.0, due_at=None),
            replace(ROW, id="over", status="unverified", last_report_at=9.0, due_at=5.0),
            replace(ROW, id="later", status="unverified", last_report_at=9.0, due_at=7.0),
        )
        async with store.transaction() as tx:
            assert [row.id for row in await tx.silent_journal_rows(5.0, 10)] == ["silent"]
            unverified = await tx.unverified_journal_rows(5.0, 6.0, 10)
        assert [row.id for row in unverified] == ["over", "apart"]

    async def test_times_of_a_clock_that_was_ahead_are_void(self, store: Store) -> None:
        await save(
            store,
            replace(ROW, id="open", status="open", last_report_at=9000.0),
            replace(ROW, id="apart", status="unverified", last_report_at=9000.0),
            replace(ROW, id="due", due_at=9000.0),
            replace(ROW, id="soon", due_at=90.0),
        )
        async with store.transaction() as tx:
            await tx.void_future_times(50.0, 60.0, 100.0)
            assert [row.id for row in await tx.silent_journal_rows(50.0, 10)] == ["open"]
            rows = await tx.unverified_journal_rows(50.0, 50.0, 10)
        assert [row.id for row in rows] == ["apart"]
        assert [row.id for row in await store.due_journal_rows(50.0, 10)] == ["due"]

    async def test_parked_rows_are_found_by_their_problem(self, store: Store) -> None:
        parked = replace(ROW, status="parked", problem="unconfirmed", last_report_at=1.0)
        await save(store, parked, replace(parked, id="two", problem="rejected"))
        async with store.transaction() as tx:
            assert [r.id for r in await tx.parked_rows_with("unconfirmed", 5.0, 9)] == ["one"]
            assert await tx.parked_rows_with("unconfirmed", 1.0, 9) == []

    async def test_oldest_due_record_is_known_and_writing_is_checked(self, store: Store) -> None:
        await store.check()
        assert await store.oldest_due_at() is None
        await save(store, replace(ROW, id="later", due_at=9.0), replace(ROW, due_at=5.0))
        await save(store, replace(ROW, id="parked", status="parked", due_at=1.0))
        assert await store.oldest_due_at() == 5.0

    async def test_outages_are_found_by_time(self, store: Store) -> None:
        async with store.transaction() as tx:
            await tx.add_outage(10.0, 20.0)
            for at, expected in ((4.0, False), (6.0, True), (15.0, True), (24.0, True)):
                assert await tx.was_outage(at, 5.0) is expected
            await tx.purge_outages(21.0)
            assert not await tx.was_outage(15.0, 5.0)

    async def test_dialogs_are_counted_by_prefix(self, store: Store) -> None:
        rows = [
            replace(ROW, id=name, dialogs=(DialogRow(dialog=name),))
            for name in ("1001/1", "1001/2", "1002/1", "1001")
        ]
        await save(store, *rows)
        async with store.transaction() as tx:
            assert await tx.count_dialogs("1001/", 10) == 2
            assert await tx.count_dialogs("1001/", 1) == 1

    async def test_never_logged_marks_are_shared_and_purged(self, store: Store) -> None:
        async with store.transaction() as tx:
            assert await tx.mark_never_logged("1", 1.0)
            assert not await tx.mark_never_logged("1", 2.0)
        assert await store.is_never_logged(["2", "1"])
        assert not await store.is_never_logged(["2"])
        async with store.transaction() as tx:
            await tx.purge_never_logged(1.5)
        assert not await store.is_never_logged(["1"])

    async def test_failed_transaction_leaves_nothing(self, store: Store) -> None:
        async def fail() -> None:
            async with store.transaction() as tx:
                await tx.save_journal_row(ROW)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await store.journal_row("one") is None

    async def test_parallel_transactions_see_each_others_writes(self, store: Store) -> None:
        await save(store, replace(ROW, attempts=0))

        async def count() -> None:
            async with store.transaction() as tx:
                row = await tx.journal_row("one")
                assert row
                await tx.save_journal_row(replace(row, attempts=row.attempts + 1))

        await asyncio.gather(*(count() for _ in range(50)))
        row = await store.journal_row("one")
        assert row
        assert row.attempts == 50

    async def test_entries_of_number_lists(self, store: Store) -> None:
        other_reading = replace(LISTED, number="+2")
        newer = replace(
            LISTED,
            id="2",
            list="deny",
            number="+1",
            is_prefix=True,
            dialled="+3",
            team="1",
            action="divert",
            target="+4",
            author_name="Ana Costa",
            added_at=2.0,
            expires_at=3.0,
            state="proposed",
        )
        async with store.transaction() as tx:
            for row in (LISTED, other_reading, newer):
                await tx.save_list_entry(row)
        found = await store.list_entries_with(["+1", "+9"])
        assert sorted(found, key=lambda row: row.id) == [LISTED, newer]
        assert await store.list_entry("1") == [LISTED, other_reading]
        assert await store.count_proposals() == {"deny": 1}
        assert [row for _p, row in await store.list_entries("deny", 9, proposed_only=True)] == [
            newer
        ]
        assert await store.list_entries("never-log", 9, proposed_only=True) == []
        async with store.transaction() as tx:
            await tx.save_list_entry(replace(LISTED, id="3", reason="again"))
            assert await tx.delete_list_entry("2")
            assert not await tx.delete_list_entry("2")
        (again,) = await store.list_entries_with(["+1"])
        assert (again.id, again.reason) == ("3", "again")
        assert await store.list_entry("1") == [other_reading]

    async def test_pages_of_a_number_list(self, store: Store) -> None:
        rows = [replace(LISTED, id=str(number), number=f"+{number}") for number in range(1, 6)]
        async with store.transaction() as tx:
            for row in rows:
                await tx.save_list_entry(row)
        found = []
        before = None
        while page := await store.list_entries("never-log", 2, before):
            found += [row for _position, row in page]
            before = page[-1][0]
        assert found == rows[::-1]

    async def test_api_keys(self, store: Store) -> None:
        key = ApiKeyRow(
            id="b",
            name="script",
            secret_hash="00",
            scopes=("routing",),
            requests_per_second=50.0,
            created_at=1.0,
        )
        older = replace(key, id="c", created_at=0.5, expires_at=9.0)
        async with store.transaction() as tx:
            await tx.save_api_key(key)
            await tx.save_api_key(older)
        assert await store.api_key("b") == key
        assert await store.api_key("a") is None
        assert await store.api_keys() == [older, key]
        async with store.transaction() as tx:
            await tx.save_api_key(replace(key, revoked_at=2.0))
            await tx.note_api_key_use("b", 3.0)
        assert await store.api_key("b") == replace(key, revoked_at=2.0, last_used_at=3.0)

    async def test_audit(self, store: Store) -> None:
        entry = AuditRow(
            recorded_at=1.0, agent="2001", action="added", number="+1", detail="asked for it"
        )
        async with store.transaction() as tx:
            await tx.add_audit_row(entry)
            await tx.add_audit_row(replace(entry, recorded_at=2.0))
        assert await store.audit_rows(10) == [replace(entry, recorded_at=2.0), entry]

    async def test_last_choice_for_a_number_counts(self, store: Store) -> None:
        choice = ContactChoice(
            number="+12125550123", contact="local/7", chosen_by="1001", name="Ana", chosen_at=1.0
        )
        later = replace(choice, contact="crm/1/2", chosen_at=2.0)
        assert await store.contact_choice(choice.number) is None
        async with store.transaction() as tx:
            await tx.save_contact_choice(choice)
            await tx.save_contact_choice(later)
            assert await tx.contact_choice(choice.number) == later
        assert await store.contact_choice(choice.number) == later
        async with store.transaction() as tx:
            assert await tx.delete_contact_choice(choice.number)
            assert not await tx.delete_contact_choice(choice.number)
        assert await store.contact_choice(choice.number) is None

    async def test_open_callbacks_without_a_time_come_first(self, store: Store) -> None:
        later = replace(CALLBACK, id="later", due_at="2026-01-02T10:00Z")
        done = replace(CALLBACK, id="done", status="done")
        other = replace(CALLBACK, id="other", agent="1002")
        async with store.transaction() as tx:
            for callback in (later, CALLBACK, done, other):
                await tx.save_callback(callback)
            assert await tx.callback("done") == done
        assert await store.open_callbacks("1001", 10) == [CALLBACK, later]
        assert await store.callback("done") == done
        assert await store.callback("unknown") is None

    async def test_roster_lists_recent_agents_of_the_team(self, store: Store) -> None:
        ana = RosterRow(
            login_id="1001",
            team_id="1",
            name="Ana",
            extension="1001",
            state="READY",
            updated_at=5.0,
        )
        async with store.transaction() as tx:
            await tx.save_roster_row(ana)
            assert await tx.roster_row("1001") == ana
            assert await tx.roster_row("1009") is None
            await tx.save_roster_row(replace(ana, login_id="1002", updated_at=1.0))
            await tx.save_roster_row(replace(ana, login_id="1003", team_id="2"))
        assert await store.roster("1", 2.0) == [ana]
        assert await store.roster_row("1001") == ana
        assert await store.roster_row("1009") is None

    async def test_lease_is_held_by_one_worker_until_it_expires(self, store: Store) -> None:
        async with store.transaction() as tx:
            assert await tx.acquire_lease("sweep", "a", 0.0, 10.0)
            assert not await tx.acquire_lease("sweep", "b", 5.0, 10.0)
            assert await tx.acquire_lease("sweep", "a", 5.0, 10.0)
            assert await tx.acquire_lease("delivery", "b", 5.0, 10.0)
            assert await tx.acquire_lease("sweep", "b", 16.0, 10.0)
        assert await store.lease_expiry("sweep") == 26.0
        assert await store.lease_expiry("other") is None

    async def test_lease_of_a_clock_that_was_ahead_is_void(self, store: Store) -> None:
        async with store.transaction() as tx:
            assert await tx.acquire_lease("sweep", "a", 90_000.0, 10.0)
            assert await tx.acquire_lease("sweep", "b", 5.0, 10.0)
            assert not await tx.acquire_lease("sweep", "a", 6.0, 10.0)
