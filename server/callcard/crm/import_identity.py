"""Which contact a row of an import is: one of the file, a stored one, or a new one.

Contacts are recognised by their id, else by name and e-mail address, else by name and a number.
Rows of one file with the same id are one contact if they have one name, for example a row for each
number; rows with different names stay different contacts, each by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from callcard.crm import import_rows
from callcard.crm.import_keys import ImportedContact, ImportedKeys
from callcard.crm.import_report import OnProblem, Row
from callcard.crm.local_writes import ContactEntry
from callcard.crm.stored_contacts import NAME_MARK, StoredContacts
from callcard.text import fold

_BY_ID = "id:"
_COMPARED_FIELDS = ("company", "email", "url", "language")


@dataclass(frozen=True, slots=True)
class ContactIdentity:
    stored: StoredContacts
    keys: ImportedKeys
    on_problem: OnProblem

    def identify(self, row: Row, entry: ContactEntry) -> ContactEntry:
        """Return the entry under the key of the contact that it is."""
        name = entry.name or ""
        with_key = self.keys.with_given(entry.key)
        if known := self._with_name(entry.key, with_key, name):
            self._report_merge(row, known)
            return replace(entry, key=known.key, adds=True)
        own = self._own_key(entry.key, name, is_given=bool(with_key))
        number = len(with_key)
        values = {field: text for field in _COMPARED_FIELDS if (text := row.first(field))}
        if with_key:
            what = "id" if row.first("id") else "name and number"
            line = with_key[0].line
            reason = f"line {line} has the same {what} with another name; both are contacts"
            self._note(row, "id", row.first("id") or "", reason)
        stored_name = self.stored.name_of(own)
        if stored_name is not None:
            self.keys.add(entry.key, number, own, name, row.line, values)
            self._report_other_name(row, own, name, stored_name)
            return replace(entry, key=own)
        if self.stored.was_empty:
            self.keys.add(entry.key, number, own, name, row.line, values)
            return entry if own == entry.key else replace(entry, key=own)
        same = self._same_person(entry, own)
        if not same:
            self._report_same_name(row, entry)
        by_id = own.startswith(_BY_ID)
        # A stored contact without an id gets the one that it has now.
        key = own if by_id or not same else same
        self.keys.add(entry.key, number, key, name, row.line, values)
        return replace(entry, key=key, known_as=same if by_id else "")

    def _with_name(
        self, given: str, contacts: list[ImportedContact], name: str
    ) -> ImportedContact | None:
        """Return the first contact of this name; one without a name fits all."""
        folded = fold(name)
        for contact in contacts:
            if folded and not contact.name:
                self.keys.set_name(given, contact.number, name)
            if not folded or not contact.name or folded == contact.name:
                return contact
        return None

    def _own_key(self, given: str, name: str, *, is_given: bool) -> str:
        """Return the key of a row's contact, which is the same in every import.

        The first contact with an id has the id as its key, further ones have their names in theirs.
        `is_given`: an earlier row of the file gives the same id.
        """
        is_taken = is_given or self.keys.has_key(given)
        if not is_taken and self.stored.was_empty:
            return given
        named = f"{given}{NAME_MARK}{fold(name)}"
        if not given.startswith(_BY_ID):
            return named if is_taken else given
        stored_name = self.stored.name_of(given)
        if stored_name is not None and fold(stored_name) == fold(name):
            return named if self.keys.has_key(given) else given
        if self.stored.name_of(named) is not None:
            return named
        return named if is_taken else given

    def _same_person(self, entry: ContactEntry, own: str) -> str:
        """Return the key of a stored contact of the same name that has one of the numbers.

        A contact with an id is another one than that with another id.
        """
        reversed_digits = [number.reversed for number, _label in entry.numbers or ()]
        for key in self.stored.same_person(entry.name or "", reversed_digits):
            is_other_id = own.startswith(_BY_ID) and key.startswith(_BY_ID)
            if not is_other_id and not self.keys.has_key(key):
                return key
        return ""

    # ---- reports

    def _report_merge(self, row: Row, known: ImportedContact) -> None:
        reason = (
            f"the same contact as in line {known.line}; its numbers and empty fields were added"
        )
        self._note(row, "id", row.first("id") or "", reason)
        for field in _COMPARED_FIELDS:
            text, first = row.first(field), known.values.get(field)
            if text and first and text != first:
                reason = f"line {known.line} has {first!r} for this contact, which was kept"
                self.on_problem(row.problem(field, text, reason))

    def _report_other_name(self, row: Row, key: str, name: str, stored_name: str) -> None:
        """Note an id that has gone to somebody else, as far as the names show."""
        words, stored_words = set(fold(name).split()), set(fold(stored_name).split())
        if key.startswith(_BY_ID) and words and stored_words and not words & stored_words:
            reason = f"the contact with this id was {stored_name!r}; it was renamed"
            self._note(row, "name", name, reason)

    def _report_same_name(self, row: Row, entry: ContactEntry) -> None:
        """Note a contact without an id that may be a stored one whose numbers have changed."""
        name = entry.name or ""
        if entry.key.startswith(_BY_ID) or not name:
            return
        beginning = import_rows.name_key(name, entry.company or "")
        others = self.stored.with_beginning(beginning)
        if others and not any(self.keys.has_key(key) for key in others):
            reason = (
                "there is a contact of this name with other numbers; both were kept. Give contacts "
                "an id, so that a changed number updates them"
            )
            self._note(row, "name", name, reason)

    def _note(self, row: Row, field: str, value: str, reason: str) -> None:
        self.on_problem(row.problem(field, value, reason, extent="note"))
