"""`callcard keys`: API keys of programs that have no agent, such as routing scripts."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from callcard import times
from callcard.api import api_keys
from callcard.cli.options import config_option
from callcard.cli.store_access import with_store
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import AuditRow, Store
from callcard.terminal import echo

_DAY = 86_400.0


@click.group()
def keys() -> None:
    """Make and revoke API keys of programs that have no agent."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(sorted(api_keys.SCOPES)),
    multiple=True,
    required=True,
    help="What the key is for; repeatable. "
    + "; ".join(f"{name}: {what}" for name, what in api_keys.SCOPES.items())
    + ".",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it ends; default: never.")
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 100_000),
    default=api_keys.DEFAULT_REQUESTS_PER_SECOND,
    show_default=True,
    help="Requests a second, for each process of the service.",
)
@config_option
def add(
    name: str, scopes: tuple[str, ...], days: int | None, rate: float, config: Path | None
) -> None:
    """Make a key and print it. It cannot be shown again: only its hash is stored."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise click.BadParameter("give a printable name of at most 100 characters")
    now = time.time()
    key, row = api_keys.create(
        name.strip(),
        tuple(dict.fromkeys(scopes)),
        now=now,
        requests_per_second=rate,
        expires_at=now + days * _DAY if days else None,
    )

    async def save(store: Store) -> None:
        async with store.transaction() as tx:
            await tx.save_api_key(row)
            await tx.add_audit_row(_audit("key added", row, now))

    with_store(Settings.read(config), save)
    echo(key)
    echo(f"This is the only time that the key {row.id} is shown.", err=True)


@keys.command("list")
@config_option
def list_keys(config: Path | None) -> None:
    """List the keys: id, the days when each was made and last used, scopes, rate, whether it is
    valid, and name."""

    async def read(store: Store) -> list[ApiKeyRow]:
        return await store.api_keys()

    for row in with_store(Settings.read(config), read):
        made = times.iso_text(row.created_at)[:10]
        rate = f"{row.requests_per_second:g}/s"
        state = _state(row, time.time())
        used = "never" if row.last_used_at is None else times.iso_text(row.last_used_at)[:10]
        scopes = ",".join(row.scopes)
        echo(f"{row.id}  {made}  used {used:<10}  {scopes:<10} {rate:<7} {state:<18} {row.name}")


@keys.command()
@click.argument("id")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, 365),
    default=7,
    show_default=True,
    help="Days for which the old key is still valid.",
)
@config_option
def rotate(id: str, overlap_days: int, config: Path | None) -> None:
    """Replace the key ID: print a new one like it, and let the old one end.

    Give the program the new key in these days; `callcard keys list` shows when the old one was used
    last.
    """
    now = time.time()

    async def save(store: Store) -> tuple[str, ApiKeyRow, float] | None:
        old = await store.api_key(id)
        if old is None or old.has_ended(now):
            return None
        seconds = old.expires_at - old.created_at if old.expires_at is not None else None
        key, new = api_keys.create(
            old.name,
            old.scopes,
            now=now,
            requests_per_second=old.requests_per_second,
            expires_at=now + seconds if seconds is not None else None,
        )
        ends_at = now + overlap_days * _DAY
        if old.expires_at is not None:
            ends_at = min(ends_at, old.expires_at)
        async with store.transaction() as tx:
            await tx.save_api_key(new)
            await tx.save_api_key(replace(old, expires_at=ends_at))
            await tx.add_audit_row(_audit(f"key replaced by {new.id}", old, now))
        return key, new, ends_at

    made = with_store(Settings.read(config), save)
    if made is None:
        raise OperatorError(f"there is no valid key {id!r}; callcard keys list shows them")
    key, new, ends_at = made
    echo(key)
    ends = times.iso_text(ends_at)[:16].replace("T", " ")
    echo(
        f"This is the only time that the key {new.id} is shown. The old one, {id}, ends at {ends} "
        "UTC.",
        err=True,
    )


@keys.command()
@click.argument("id")
@config_option
def revoke(id: str, config: Path | None) -> None:
    """End the key ID at once, for every process of the service."""
    now = time.time()

    async def save(store: Store) -> ApiKeyRow | None:
        row = await store.api_key(id)
        if row is None or row.revoked_at is not None:
            return row
        async with store.transaction() as tx:
            await tx.save_api_key(replace(row, revoked_at=now))
            await tx.add_audit_row(_audit("key revoked", row, now))
        return row

    row = with_store(Settings.read(config), save)
    if row is None:
        raise OperatorError(f"there is no key {id!r}; callcard keys list shows them")
    ended_before = row.revoked_at is not None
    echo(f"{row.id} {row.name}: {'was revoked before' if ended_before else 'revoked'}")


def _state(row: ApiKeyRow, now: float) -> str:
    if row.revoked_at is not None:
        return f"revoked {times.iso_text(row.revoked_at)[:10]}"
    if row.expires_at is None:
        return "valid"
    verb = "until" if row.expires_at > now else "ended"
    return f"{verb} {times.iso_text(row.expires_at)[:10]}"


def _audit(action: str, row: ApiKeyRow, now: float) -> AuditRow:
    detail = f"{row.id} {row.name} ({', '.join(row.scopes)})"
    return AuditRow(recorded_at=now, agent="callcard keys", action=action, detail=detail)
