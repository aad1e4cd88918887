"""The Finesse REST client: one method per request, over an httpx client from the caller."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import unquote
from weakref import WeakValueDictionary

import httpx

from callcard.errors import CallcardError, CredentialsRejected, FinesseTimeout
from callcard.finesse import messages, rest_transport
from callcard.finesse.messages import Request
from callcard.finesse.objects import (
    CallVariable,
    Dialog,
    DialogAction,
    LayoutConfig,
    MobileAgent,
    PhoneBook,
    PhoneBookContact,
    Queue,
    ReasonCode,
    SystemInfo,
    Team,
    TeamLayoutConfig,
    User,
    WrapUpReason,
)

CONTACTS_PER_REQUEST = 1500
"""About half a megabyte, well within a request's deadline."""
MAX_CONTACTS = 6000
"""Finesse's limit for an agent, all phone books together."""

Category = Literal["NOT_READY", "LOGOUT"]


@dataclass(frozen=True, slots=True)
class Credential:
    """The agent's `Authorization` header for one request, and the request's deadline.

    The deadline is in loop time. It is here because every method needs both.
    """

    authorization: str = field(repr=False)
    deadline: float


@dataclass(frozen=True, slots=True)
class Command:
    """A command that Finesse has accepted with a 202. Its outcome arrives as an event.

    A refusal names the command by `request_id`, or only by `source`, the REST resource, as in
    /finesse/api/Dialog/1.
    """

    request_id: str
    source: str


def basic(user: str, password: str) -> str:
    """Return the `Authorization` header for a user without single sign-on."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class FinesseClient:
    """The REST client of one node.

    `http` has the node's address as base_url; the caller that opened it closes it. Reads return
    objects, commands return a `Command`. Methods raise FinesseError for Finesse's failures, and
    CredentialsRejected, NotPermitted or NotFound. Users, queues, the supervisor's calls, layouts
    and team messages are here for supervision and deployment; the service does not call them yet.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._device_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # ---- the system

    async def system_info(self, deadline: float) -> SystemInfo:
        """Read the node's state without credentials.

        CredentialsRejected means that the node is up but wants them.
        """
        credential = Credential("", deadline)
        body = await self._send(credential, messages.get("SystemInfo"))
        return messages.read(body, SystemInfo)

    # ---- agents

    async def user(self, credential: Credential, user_id: str) -> User:
        """Read a user. CredentialsRejected is certain: a 401 means nothing else here."""
        try:
            body = await self._send(credential, messages.get("User", user_id))
        except CredentialsRejected as error:
            error.is_certain = True
            raise
        return messages.read_user(body)

    async def accepts(self, credential: Credential, user_id: str) -> bool:
        """Return whether Finesse accepts a credential, after a 401 that may mean something else.

        False if the read failed for another reason. Raises CredentialsRejected.
        """
        try:
            await self.user(credential, user_id)
        except CredentialsRejected:
            raise
        except CallcardError:
            return False
        return True

    async def users(self, credential: Credential) -> tuple[User, ...]:
        """Return all users; for administrators."""
        return messages.read_list(await self._send(credential, messages.get("Users")), User)

    async def sign_in(
        self,
        credential: Credential,
        user_id: str,
        extension: str,
        mobile: MobileAgent | None = None,
    ) -> Command:
        return await self._command(credential, messages.sign_in(user_id, extension, mobile))

    async def set_state(
        self,
        credential: Credential,
        user_id: str,
        state: str,
        reason_code_id: str | None,
    ) -> Command:
        """Change the state. The id of a reason code is not its number."""
        return await self._command(credential, messages.set_state(user_id, state, reason_code_id))

    async def reason_codes(
        self, credential: Credential, user_id: str, category: Category
    ) -> tuple[ReasonCode, ...]:
        body = await self._send(credential, messages.get_reason_codes(user_id, category))
        return messages.read_list(body, ReasonCode)

    async def wrap_up_reasons(
        self, credential: Credential, user_id: str
    ) -> tuple[WrapUpReason, ...]:
        body = await self._send(credential, messages.get("User", user_id, "WrapUpReasons"))
        return messages.read_list(body, WrapUpReason)

    async def phone_books(self, credential: Credential, user_id: str) -> tuple[PhoneBook, ...]:
        """Return the phone books with all contacts.

        They are read in parts, which may split a book and may overlap.
        """
        books: dict[tuple[str, str], PhoneBook] = {}
        contacts: dict[tuple[str, str], dict[PhoneBookContact, None]] = {}
        for first in range(1, MAX_CONTACTS + 1, CONTACTS_PER_REQUEST):
            request = messages.get_phone_books(user_id, first, first + CONTACTS_PER_REQUEST - 1)
            part = messages.read_list(await self._send(credential, request), PhoneBook)
            for book in part:
                key = (book.type, book.name)
                books[key] = book
                contacts.setdefault(key, {}).update(dict.fromkeys(book.contacts))
            if sum(len(book.contacts) for book in part) < CONTACTS_PER_REQUEST:
                break
        return tuple(replace(book, contacts=tuple(contacts[key])) for key, book in books.items())

    # ---- calls

    async def dialogs(self, credential: Credential, user_id: str) -> tuple[Dialog, ...]:
        body = await self._send(credential, messages.get("User", user_id, "Dialogs"))
        return messages.read_list(body, Dialog)

    async def dialog(self, credential: Credential, dialog_id: str) -> Dialog:
        return messages.read(
            await self._send(credential, messages.get("Dialog", dialog_id)), Dialog
        )

    async def make_call(
        self,
        credential: Credential,
        user_id: str,
        from_address: str,
        to_address: str,
        variables: tuple[CallVariable, ...] = (),
    ) -> Command:
        request = messages.make_call(user_id, from_address, to_address, variables)
        return await self._command(credential, request, device=from_address)

    async def take_action(
        self,
        credential: Credential,
        dialog_id: str,
        action: str,
        extension: str,
        to_address: str = "",
        **params: str,
    ) -> Command:
        """Do `action` for the participant at `extension`.

        The action is a DialogAction or another of Finesse's words. CONSULT and TRANSFER need
        `to_address`; some actions have `params`, named as Finesse names them.
        """
        request = messages.take_action(dialog_id, action, extension, to_address, **params)
        return await self._command(credential, request, device=extension)

    async def send_digits(
        self, credential: Credential, dialog_id: str, extension: str, digits: str
    ) -> Command:
        """Send DTMF digits into the call."""
        return await self.take_action(
            credential, dialog_id, DialogAction.SEND_DIGITS, extension, dtmfString=digits
        )

    async def drop_participant(
        self, credential: Credential, dialog_id: str, extension: str, participant: str
    ) -> Command:
        """Take the participant at an address off the conference; `extension` is the agent's.

        UCCE only, and by default for supervisors only.
        """
        request = messages.take_action(dialog_id, DialogAction.DROP_PARTICIPANT, participant)
        return await self._command(credential, request, device=extension)

    async def schedule_callback(
        self, credential: Credential, dialog_id: str, extension: str, time: str, number: str
    ) -> Command:
        """Set or change the callback of an outbound call; an empty `time` or `number` is left out.

        `time` is the customer's local time, YYYY-MM-DDTHH:MM.
        """
        values = {"callbackTime": time, "callbackNumber": number}
        params = {name: value for name, value in values.items() if value}
        return await self.take_action(
            credential, dialog_id, DialogAction.SCHEDULE_CALLBACK, extension, **params
        )

    async def update_call_data(
        self,
        credential: Credential,
        dialog_id: str,
        extension: str,
        variables: tuple[CallVariable, ...] = (),
        wrap_up_reason: str = "",
        wrap_up_items: tuple[str, ...] = (),
    ) -> Command:
        """Change call variables and wrap-up reasons.

        Only an event or a read that shows the values is success.
        """
        request = messages.update_call_data(dialog_id, variables, wrap_up_reason, wrap_up_items)
        return await self._command(credential, request, device=extension)

    # ---- supervision

    async def team(self, credential: Credential, team_id: str, *, signed_out: bool = True) -> Team:
        query = f"includeLoggedOutAgents={str(signed_out).lower()}"
        body = await self._send(credential, messages.get("Team", team_id, query=query))
        return messages.read(body, Team)

    async def queue(self, credential: Credential, queue_id: str) -> Queue:
        return messages.read(await self._send(credential, messages.get("Queue", queue_id)), Queue)

    async def queues(self, credential: Credential, user_id: str) -> tuple[Queue, ...]:
        body = await self._send(credential, messages.get("User", user_id, "Queues"))
        return messages.read_list(body, Queue)

    async def silent_monitor(
        self, credential: Credential, supervisor_id: str, from_address: str, to_address: str
    ) -> Command:
        request = messages.silent_monitor(supervisor_id, from_address, to_address)
        return await self._command(credential, request, device=from_address)

    async def barge(
        self,
        credential: Credential,
        supervisor_id: str,
        from_address: str,
        to_address: str,
        monitor_dialog_id: str,
    ) -> Command:
        request = messages.barge(supervisor_id, from_address, to_address, monitor_dialog_id)
        return await self._command(credential, request, device=from_address)

    async def send_team_message(
        self, credential: Credential, content: str, duration_seconds: int, team_ids: tuple[str, ...]
    ) -> None:
        await self._send(
            credential, messages.send_team_message(content, duration_seconds, team_ids)
        )

    async def delete_team_message(self, credential: Credential, message_id: str) -> None:
        await self._send(credential, messages.delete_team_message(message_id))

    # ---- layouts: for administrators, on the primary node; a 2xx response confirms a change

    async def layout(self, credential: Credential) -> LayoutConfig:
        body = await self._send(credential, messages.get("LayoutConfig", "default"))
        return messages.read(body, LayoutConfig)

    async def set_layout(self, credential: Credential, layout_xml: str) -> None:
        await self._send(credential, messages.set_layout(layout_xml))

    async def team_layout(self, credential: Credential, team_id: str) -> TeamLayoutConfig:
        body = await self._send(credential, messages.get("Team", team_id, "LayoutConfig"))
        return messages.read(body, TeamLayoutConfig)

    async def set_team_layout(
        self, credential: Credential, team_id: str, layout_xml: str | None
    ) -> None:
        """Set a team's layout. None gives the team the default layout again."""
        await self._send(credential, messages.set_team_layout(team_id, layout_xml))

    # ---- transport

    async def _command(self, credential: Credential, request: Request, device: str = "") -> Command:
        command = Command(str(uuid.uuid4()), source=unquote(request.path))
        async with self._one_at_a_time(device, credential.deadline):
            await self._send(credential, request, command.request_id)
        return command

    @asynccontextmanager
    async def _one_at_a_time(self, device: str, deadline: float) -> AsyncIterator[None]:
        """Send the commands of one device in turn.

        From 12.5 on Finesse refuses a command until it has responded to the last one.
        """
        if not device:
            yield
            return
        lock = self._device_locks.setdefault(device, asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await lock.acquire()
        except TimeoutError as error:
            raise FinesseTimeout(
                f"Finesse has not responded to the last command for extension {device}. "
                "Nothing was sent; try again."
            ) from error
        try:
            yield
        finally:
            lock.release()

    async def _send(self, credential: Credential, request: Request, request_id: str = "") -> bytes:
        return await rest_transport.send(
            self._http, request, credential.authorization, credential.deadline, request_id
        )
