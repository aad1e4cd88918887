"""The tables of the local contacts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from callcard.errors import OperatorError

MIGRATIONS = (
    """
    create table contact (
        id integer primary key,
        key text not null unique,           -- identifies the contact in a second import or save
        name text not null,
        company text not null default '',
        email text not null default '',
        url text not null default '',
        flags text not null default '[]'    -- JSON list
    );
    create table contact_number (
        contact_id integer not null references contact on delete cascade,
        position integer not null,
        reversed_digits text not null,      -- of the E.164 form if there is one
        e164 text,
        given text not null,
        label text not null default '',
        primary key (contact_id, position)
    ) without rowid;
    create index contact_number_reversed_digits on contact_number (reversed_digits);
    create virtual table contact_text using fts5 (
        words, tokenize = "unicode61 remove_diacritics 0", prefix = '2 3 4 5',
        detail = none, columnsize = 0
    );
    create table history_entry (            -- imported
        key text primary key,
        contact_id integer not null references contact on delete cascade,
        started_at text not null,
        kind text not null,
        direction text not null,
        subject text not null,
        agent text not null
    );
    create index history_entry_recent on history_entry (contact_id, started_at desc);
    create table service_case (
        id text primary key,
        contact_id integer not null references contact on delete cascade,
        subject text not null,
        status text not null,
        is_open integer not null,
        opened_at text not null,
        url text not null
    );
    create index service_case_open on service_case (contact_id, is_open, opened_at desc);
    create table interaction (              -- logged by Callcard; the caller may be unknown
        id text primary key,
        contact_id integer references contact on delete set null,
        number text not null,
        started_at text not null,
        direction text not null,
        subject text not null,
        agent text not null,
        details text not null               -- callcard.crm.base.Interaction, as JSON
    ) without rowid;
    create index interaction_recent on interaction (contact_id, started_at desc);
    create index interaction_number on interaction (number, started_at desc);
    """,
    "alter table contact add column language text not null default ''",
    "alter table service_case add column notes text not null default ''",
    # Order numbers and the like in the call variables of logged calls, for the search.
    """
    create table interaction_word (
        word text not null,
        interaction text not null references interaction on delete cascade,
        primary key (word, interaction)
    ) without rowid;
    create index interaction_word_interaction on interaction_word (interaction);
    insert or ignore into interaction_word (word, interaction)
        select lower(trim(variable.value)), interaction.id
        from interaction, json_each(interaction.details, '$.variables') as variable
        where length(trim(variable.value)) between 3 and 64 and variable.value glob '*[0-9]*';
    """,
    # Empty for contacts of earlier releases: nobody knows.
    """
    alter table contact add column created_at text not null default '';
    alter table contact add column updated_at text not null default '';
    """,
)


def check_file_format(path: Path | str) -> None:
    """Raise OperatorError if this release can't use the contacts file. A missing file is fine."""
    if not Path(path).is_file():
        return
    # `user_version` does not distinguish an earlier Callcard's tables; this column does.
    sql = "select 1 from pragma_table_info('interaction') where name = 'at'"
    try:
        with closing(sqlite3.connect(path)) as connection:
            is_earlier = connection.execute(sql).fetchone() is not None
            version = connection.execute("pragma user_version").fetchone()[0]
    except sqlite3.OperationalError:  # locked or not readable: opening it reports that
        return
    except sqlite3.DatabaseError as error:
        raise OperatorError(
            f"The contacts file {path} is not an SQLite database ({error})."
            " Correct `path` of the local source, or move the file away."
        ) from error
    if is_earlier:
        raise OperatorError(
            f"The contacts file {path} has the format of an earlier Callcard, which can't be"
            " read. Delete it, or choose a new file, and import the contacts again."
        )
    if version > len(MIGRATIONS):
        raise OperatorError(
            f"The contacts file {path} was written by a newer release of Callcard."
            " Use that release, or restore the file from a backup."
        )
