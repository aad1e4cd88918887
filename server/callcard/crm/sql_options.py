"""What can be configured for a contact source in a database: its statements."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Statement = Annotated[str, Meta(min_length=1, max_length=10_000)]


class SqlOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Annotated[
        str,
        Meta(
            description="SQLAlchemy's address of the database, without the password: "
            "postgresql+asyncpg://user@host/name, sqlite+aiosqlite:///file"
        ),
    ]
    password: Annotated[str, Meta(description="give password_file or password_env")] = ""
    country: Annotated[
        str, Meta(description="country of numbers without a country code, two letters")
    ]
    settings: Annotated[
        dict[str, str],
        Meta(description="values that any statement may use, as :settings_NAME"),
    ] = {}
    by_number: Annotated[
        Statement, Meta(description="parameters: the spellings of the number, as :suffix; :limit")
    ]
    search: Annotated[
        str, Meta(description=":text, :prefix, :word1 to :word4 (patterns for LIKE), :limit")
    ] = ""
    get: Annotated[str, Meta(description=":id")] = ""
    by_reference: Annotated[str, Meta(description=":reference, the number of a case")] = ""
    cases: Annotated[
        str, Meta(description=":id of the contact; columns id, subject, status, opened_at, notes")
    ] = ""
    history: Annotated[
        str,
        Meta(
            description=":id of the contact; columns started_at, kind, subject, direction, agent, "
            "duration_seconds, notes"
        ),
    ] = ""
    create: Annotated[
        str,
        Meta(
            description=":key, :name, :company, :email, :number1 to :number3; it returns the "
            "contact, also if :key is there already; then add_number is used for each number"
        ),
    ] = ""
    add_number: Annotated[str, Meta(description=":id, :number (E.164), :display")] = ""
    create_case: Annotated[
        str,
        Meta(
            description=":key, :id, :subject, :notes, :opened_at; it returns the case, also if "
            ":key is there already"
        ),
    ] = ""
    log: Annotated[
        str,
        Meta(
            description="inserts a call, or replaces the one with the same :id; :contact, :number, "
            ":direction, :started_at, :answered_at, :ended_at, :duration_seconds, :end_reason, "
            ":agent, :agent_name, :queue, :subject, :notes, :wrap_up_reasons, :call_key, :record"
        ),
    ] = ""
    changes: Annotated[
        str,
        Meta(
            description="lists contacts for a mirror, in the order of their ids: at most :limit, "
            "with ids after :after (empty at first); if it names :since (ISO 8601, empty for all), "
            "those changed from then on; a column `deleted` is true for one that was deleted"
        ),
    ] = ""
    remove_create: Annotated[
        str,
        Meta(
            description="removes the contact :id, made with :key, after `crm check --write`; so do "
            "`remove_create_case` for a case and `remove_log` for the call :key"
        ),
    ] = ""
    remove_create_case: str = ""
    remove_log: str = ""

    def __repr__(self) -> str:
        return "SqlOptions(…)"
