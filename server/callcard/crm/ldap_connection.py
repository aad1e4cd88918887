"""Connections to an LDAP directory: they are kept, and made anew when the server has ended them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from callcard.crm.lookup_trace import note_request
from callcard.errors import SourceRejected, SourceUnavailable
from callcard.extras import requires_extras

with requires_extras("ldap"):
    from bonsai import LDAPClient, LDAPSearchScope
    from bonsai.asyncio import AIOLDAPConnection
    from bonsai.errors import (
        AuthenticationError,
        ClosedConnection,
        ConnectionError,
        InsufficientAccess,
        LDAPError,
        NoSuchObjectError,
    )

KEPT_CONNECTIONS = 8
_new_connection: Any = AIOLDAPConnection
"""bonsai's asyncio part has no types."""


class Directory:
    """An LDAP server and the part of its tree in which contacts are."""

    def __init__(
        self,
        name: str,
        url: str,
        base: str,
        *,
        start_tls: bool,
        user: str,
        password: str,
        ca_file: str,
        timeout_seconds: float,
    ) -> None:
        """`timeout_seconds` bounds connecting, and each search."""
        self._name = name
        self._base = base
        self._timeout_seconds = timeout_seconds
        self._client = LDAPClient(url, tls=start_tls)
        if user:
            self._client.set_credentials("SIMPLE", user=user, password=password)
        self._client.set_cert_policy("demand")
        if ca_file:
            self._client.set_ca_cert(ca_file)
        # A referral would take the password to another server.
        self._client.set_server_chase_referrals(False)
        self._client.set_ignore_referrals(True)
        self._client.set_auto_page_acquire(False)
        self._idle: list[Any] = []

    async def search(
        self, filter: str, attributes: Sequence[str], limit: int
    ) -> list[Mapping[str, Any]]:
        """Return at most `limit` entries; each attribute is a list of values."""
        note_request(lambda: f"{self._base}: {filter}")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                if self._idle:
                    try:
                        return await self._search(self._idle.pop(), filter, attributes, limit)
                    except (ClosedConnection, ConnectionError):  # ended by the server meanwhile
                        self._close_idle()
                return await self._search(await self._connect(), filter, attributes, limit)
        except TimeoutError:
            raise SourceUnavailable(
                f"{self._name} did not answer within {self._timeout_seconds:g} seconds"
            ) from None
        except AuthenticationError:
            raise SourceUnavailable(
                f"{self._name} refuses user or password; correct them"
            ) from None
        except NoSuchObjectError:
            raise SourceRejected(f"{self._name} has no entry {self._base}; correct base") from None
        except InsufficientAccess:
            raise SourceRejected(f"{self._name}: the user may not read below base") from None
        # Not chained: the messages may quote names of entries.
        except LDAPError as error:
            reason = type(error).__name__
            raise SourceUnavailable(
                f"{self._name} can't be searched ({reason}); check url, filter and the network"
            ) from None

    async def _connect(self) -> Any:
        connection = _new_connection(self._client)
        try:
            await connection.open()
        except BaseException:
            with suppress(LDAPError):
                connection.close()
            raise
        return connection

    async def _search(
        self, connection: Any, filter: str, attributes: Sequence[str], limit: int
    ) -> list[Mapping[str, Any]]:
        try:
            # One page: a server's size limit is an error otherwise, although it sends entries.
            page = await connection.paged_search(
                self._base, LDAPSearchScope.SUBTREE, filter, list(attributes), page_size=limit
            )
            entries = list(page)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < KEPT_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        return entries

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        self._close_idle()
