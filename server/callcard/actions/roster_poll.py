"""Read who is signed in from Finesse, as a supervisor or an administrator that the site provides.

Agents may not read this from Finesse, and their own desktops say only what they see: not, for
example, that an agent signed out by the desktop's own button. The account never leaves the service.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

from callcard.actions.roster import Roster
from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.client import Credential, FinesseClient, basic
from callcard.finesse.cluster import Cluster
from callcard.finesse.objects import User
from callcard.settings_sections import FinesseSettings
from callcard.store.base import Store

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
LEASE_SECONDS = 4 * POLL_SECONDS


class RosterPoll:
    """Of several workers, the one with the lease reads."""

    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        roster: Roster,
        settings: FinesseSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._roster = roster
        self._settings = settings
        self._clock = clock
        self._worker = uuid.uuid4().hex
        self._is_rejected = False

    @property
    def is_configured(self) -> bool:
        return bool(self._settings.roster_user and self._settings.roster_password)

    async def step(self) -> None:
        """Read once. A rejected password is not presented again: it would lock the account."""
        async with self._store.transaction() as tx:
            lease = (self._worker, self._clock(), LEASE_SECONDS)
            if not await tx.acquire_lease("roster", *lease):
                return
        if self._is_rejected:  # the lease is kept, so that no other worker presents it either
            return
        user_id = self._settings.roster_user
        deadline = asyncio.get_running_loop().time() + self._settings.deadline_seconds
        credential = Credential(basic(user_id, self._settings.roster_password), deadline)
        node = await self._cluster.pick(user_id, "")
        try:
            users = await _users(node.client, credential, user_id)
        except CredentialsRejected:
            self._is_rejected = True
            log.error(
                "Finesse rejects the password of finesse.roster_user %s; correct it and restart",
                user_id,
            )
            return
        except CallcardError as error:
            self._cluster.suspect(node)
            log.warning("the roster was not read: %s", error.detail)
            return
        await self._roster.update_all(users)


async def _users(client: FinesseClient, credential: Credential, user_id: str) -> Iterable[User]:
    """Return the users whom the account may read."""
    account = await client.user(credential, user_id)
    if "Admin" in account.roles:
        return await client.users(credential)
    users: list[User] = []
    for team in account.teams:
        found = await client.team(credential, team.id)
        users += [replace(user, team_id=team.id) for user in found.users]
    return users
