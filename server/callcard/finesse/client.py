"""The Finesse REST client: one method a call, over an httpx client that is handed in.

An answer counts only when it is whole, small enough, in time and of the promised kind; anything else is an error of
`callcard.errors` that says which of these failed. Writes answer 202: accepted, the outcome arrives as an event.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal
from weakref import WeakValueDictionary

import httpx

from callcard.errors import (
    CredentialsRejected,
    FinesseInvalidResponse,
    FinesseOutOfService,
    FinesseRefused,
    FinesseTimeout,
    FinesseUnreachable,
    NotFound,
    NotPermitted,
)
from callcard.finesse import messages
from callcard.finesse.messages import Request
from callcard.finesse.objects import (
    CallVariable,
    Contact,
    Dialog,
    LayoutConfig,
    Media,
    MediaPropertiesLayout,
    MobileAgent,
    PhoneBook,
    Queue,
    ReasonCode,
    SystemInfo,
    Team,
    TeamLayoutConfig,
    User,
    UserAuthMode,
    Workflow,
    WrapUpReason,
)

ANSWER_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that are read. A phone book of 6,000 contacts is about 2 MB, everything else far smaller."""
CONTACTS = 1500
"""Phone book contacts in one request: about half a megabyte, well within a request's deadline."""
MOST_CONTACTS = 6000
"""What Finesse gives an agent at most, all phone books together."""

Category = Literal["NOT_READY", "LOGOUT"]


@dataclass(frozen=True, slots=True)
class Credential:
    """The agent's own `Authorization` header for one request, and when (in the loop's time) that request must be over."""

    authorization: str = field(repr=False)
    deadline: float


def basic(user: str, password: str) -> str:
    """The `Authorization` header of `user` without single sign-on."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class FinesseClient:
    """One node. `http` has the node's address as its base_url and is closed by whoever opened it.

    Reads answer objects. Orders answer the requestId under which the outcome will be told. Every method raises
    `callcard.errors`' FinesseError for Finesse's failures, CredentialsRejected, NotPermitted and NotFound for its refusals.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._devices: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # ---- the system, asked without credentials; a node that wants them (CredentialsRejected) is at least alive

    async def system_info(self, deadline: float) -> SystemInfo:
        return messages.read(
            await self._send(Credential("", deadline), messages.get("SystemInfo")), SystemInfo
        )

    async def auth_mode(self, deadline: float, user: str) -> UserAuthMode:
        """SSO or not, for one user of a hybrid system. NotPermitted if the administrator switched the question off."""
        return messages.read(
            await self._send(Credential("", deadline), messages.get("UserAuthMode", user)),
            UserAuthMode,
        )

    # ---- the agent

    async def user(self, credential: Credential, user: str) -> User:
        return messages.read_user(await self._send(credential, messages.get("User", user)))

    async def users(self, credential: Credential) -> tuple[User, ...]:
        """Everybody; for administrators."""
        return messages.read_list(await self._send(credential, messages.get("Users")), User)

    async def sign_in(
        self, credential: Credential, user: str, extension: str, mobile: MobileAgent | None = None
    ) -> str:
        return await self._order(credential, messages.sign_in(user, extension, mobile))

    async def set_state(
        self,
        credential: Credential,
        user: str,
        state: str,
        reason: str | None,
        *,
        all_media: bool = False,
    ) -> str:
        return await self._order(
            credential, messages.set_state(user, state, reason, all_media=all_media)
        )

    async def log(self, credential: Credential, user: str, lines: str) -> str:
        """Leave `lines` in the node's client log. No event tells the outcome."""
        return await self._order(credential, messages.log(user, lines))

    # ---- what the agent may choose from; TeamResource where the team is known (12.5 and later), else the older lists

    async def reason_codes(
        self, credential: Credential, user: str, category: Category, team: str = ""
    ) -> tuple[ReasonCode, ...]:
        asked = messages.get_reason_codes(user, category)
        if team:
            asked = messages.get_team_resource(team, "ReasonCodes", f"category={category}")
        return messages.read_list(await self._send(credential, asked), ReasonCode)

    async def reason_code(self, credential: Credential, user: str, id: str) -> ReasonCode:
        return messages.read(
            await self._send(credential, messages.get("User", user, "ReasonCode", id)), ReasonCode
        )

    async def wrap_up_reason(self, credential: Credential, user: str, id: str) -> WrapUpReason:
        return messages.read(
            await self._send(credential, messages.get("User", user, "WrapUpReason", id)),
            WrapUpReason,
        )

    async def wrap_up_reasons(
        self, credential: Credential, user: str, team: str = ""
    ) -> tuple[WrapUpReason, ...]:
        asked = (
            messages.get_team_resource(team, "WrapUpReasons")
            if team
            else messages.get("User", user, "WrapUpReasons")
        )
        return messages.read_list(await self._send(credential, asked), WrapUpReason)

    async def layouts(
        self, credential: Credential, user: str, team: str = ""
    ) -> tuple[MediaPropertiesLayout, ...]:
        resource = "MediaPropertiesLayouts"
        asked = (
            messages.get_team_resource(team, resource)
            if team
            else messages.get("User", user, resource)
        )
        return messages.read_list(await self._send(credential, asked), MediaPropertiesLayout)

    async def layout_of(self, credential: Credential, user: str) -> MediaPropertiesLayout:
        """The one that the desktop uses when a call does not name another."""
        asked = messages.get("User", user, "MediaPropertiesLayout")
        return messages.read(await self._send(credential, asked), MediaPropertiesLayout)

    async def workflows(
        self, credential: Credential, user: str, team: str = ""
    ) -> tuple[Workflow, ...]:
        asked = (
            messages.get_team_resource(team, "Workflows")
            if team
            else messages.get("User", user, "Workflows")
        )
        return messages.read_list(await self._send(credential, asked), Workflow)

    async def phone_books(
        self, credential: Credential, user: str, team: str = ""
    ) -> tuple[PhoneBook, ...]:
        """The phone books with all their contacts, read page by page. A book that spans pages comes back as one."""
        books: dict[tuple[str, str], PhoneBook] = {}
        contacts: dict[tuple[str, str], dict[Contact, None]] = {}  # pages may overlap
        for first in range(1, MOST_CONTACTS + 1, CONTACTS):
            pages = messages.contacts(first, first + CONTACTS - 1)
            asked = messages.get_team_resource(team, "PhoneBooks", range=pages)
            if not team:
                asked = messages.get("User", user, "PhoneBooks", range=pages)
            page = messages.read_list(await self._send(credential, asked), PhoneBook)
            for book in page:
                books[book.type, book.name] = book
                contacts.setdefault((book.type, book.name), {}).update(dict.fromkeys(book.contacts))
            if sum(len(book.contacts) for book in page) < CONTACTS:
                break
        return tuple(replace(book, contacts=tuple(contacts[name])) for name, book in books.items())

    # ---- calls

    async def dialogs(self, credential: Credential, user: str) -> tuple[Dialog, ...]:
        return messages.read_list(
            await self._send(credential, messages.get("User", user, "Dialogs")), Dialog
        )

    async def dialog(self, credential: Credential, dialog: str) -> Dialog:
        return messages.read(await self._send(credential, messages.get("Dialog", dialog)), Dialog)

    async def make_call(
        self,
        credential: Credential,
        user: str,
        from_address: str,
        to_address: str,
        variables: tuple[CallVariable, ...] = (),
    ) -> str:
        return await self._order(
            credential, messages.make_call(user, from_address, to_address, variables), from_address
        )

    async def silent_monitor(
        self, credential: Credential, supervisor: str, from_address: str, to_address: str
    ) -> str:
        return await self._order(
            credential, messages.silent_monitor(supervisor, from_address, to_address), from_address
        )

    async def barge(
        self,
        credential: Credential,
        supervisor: str,
        from_address: str,
        to_address: str,
        monitoring: str,
    ) -> str:
        return await self._order(
            credential,
            messages.barge(supervisor, from_address, to_address, monitoring),
            from_address,
        )

    async def take_action(
        self,
        credential: Credential,
        dialog: str,
        action: str,
        target: str,
        to_address: str = "",
        **params: str,
    ) -> str:
        """ANSWER, HOLD, RETRIEVE, DROP, CONSULT_CALL and TRANSFER_SST (`to_address`), TRANSFER, CONFERENCE, SEND_DTMF
        (`dtmfString`), START_RECORDING, PARTICIPANT_DROP, and the outbound and callback actions with their `params`."""
        return await self._order(
            credential, messages.take_action(dialog, action, target, to_address, **params), target
        )

    async def update_call_data(
        self,
        credential: Credential,
        dialog: str,
        device: str,
        variables: tuple[CallVariable, ...] = (),
        wrap_up_reason: str = "",
        wrap_up_items: tuple[str, ...] = (),
    ) -> str:
        """`device` is the agent's extension, at which the order waits its turn. Only an event that shows the values is success."""
        return await self._order(
            credential,
            messages.update_call_data(dialog, variables, wrap_up_reason, wrap_up_items),
            device,
        )

    # ---- tasks of other media, queues, teams

    async def media(self, credential: Credential, user: str) -> tuple[Media, ...]:
        return messages.read_list(
            await self._send(credential, messages.get("User", user, "Media")), Media
        )

    async def medium(self, credential: Credential, user: str, media: str) -> Media:
        return messages.read(
            await self._send(credential, messages.get("User", user, "Media", media)), Media
        )

    async def set_media(self, credential: Credential, user: str, media: str, sent: Media) -> str:
        """Sign in (state LOGIN with its options), change state, or set routable."""
        return await self._order(credential, messages.set_media(user, media, sent))

    async def tasks(self, credential: Credential, user: str) -> tuple[Dialog, ...]:
        return messages.read_list(
            await self._send(credential, messages.get("User", user, "Dialogs", "Media")), Dialog
        )

    async def queue(self, credential: Credential, queue: str) -> Queue:
        return messages.read(await self._send(credential, messages.get("Queue", queue)), Queue)

    async def queues(self, credential: Credential, user: str) -> tuple[Queue, ...]:
        return messages.read_list(
            await self._send(credential, messages.get("User", user, "Queues")), Queue
        )

    async def team(self, credential: Credential, team: str, *, signed_out: bool = True) -> Team:
        query = f"includeLoggedOutAgents={str(signed_out).lower()}"
        return messages.read(
            await self._send(credential, messages.get("Team", team, query=query)), Team
        )

    async def send_team_message(
        self, credential: Credential, content: str, duration: int, teams: tuple[str, ...]
    ) -> None:
        """`duration` in seconds."""
        await self._send(credential, messages.send_team_message(content, duration, teams))

    async def delete_team_message(self, credential: Credential, id: str) -> None:
        await self._send(credential, messages.delete_team_message(id))

    # ---- layouts: for administrators, written on the primary node only; done when answered

    async def layout(self, credential: Credential) -> LayoutConfig:
        return messages.read(
            await self._send(credential, messages.get("LayoutConfig", "default")), LayoutConfig
        )

    async def set_layout(self, credential: Credential, layoutxml: str) -> None:
        await self._send(credential, messages.set_layout(layoutxml))

    async def team_layout(self, credential: Credential, team: str) -> TeamLayoutConfig:
        return messages.read(
            await self._send(credential, messages.get("Team", team, "LayoutConfig")),
            TeamLayoutConfig,
        )

    async def set_team_layout(
        self, credential: Credential, team: str, layoutxml: str | None
    ) -> None:
        """None gives the team the default layout again."""
        await self._send(credential, messages.set_team_layout(team, layoutxml))

    # ---- beneath

    async def _order(self, credential: Credential, request: Request, device: str = "") -> str:
        request_id = str(uuid.uuid4())
        async with self._turn(device, credential.deadline):
            await self._send(credential, request, request_id)
        return request_id

    @asynccontextmanager
    async def _turn(self, device: str, deadline: float) -> AsyncIterator[None]:
        """One call-control request at a time for a device: from 12.5 Finesse must have answered the one before."""
        if not device:
            yield
            return
        lock = self._devices.setdefault(device, asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await lock.acquire()
        except TimeoutError as error:
            raise FinesseTimeout(
                f"Finesse has not answered the last request for extension {device}; nothing was sent"
            ) from error
        try:
            yield
        finally:
            lock.release()

    async def _send(
        self, credential: Credential, request: Request, request_id: str | None = None
    ) -> bytes:
        # gzip is declined so that a small answer can't unfold into a large one.
        headers = {"Accept-Encoding": "identity", "Accept": "application/xml"}
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        if request.body is not None:
            headers["Content-Type"] = "application/xml"
        if request.range:
            headers["Range"] = request.range
        if request_id:
            headers["requestId"] = request_id
        # A kept-alive connection may die under a request. A read is asked once more; a write never: it may have been done.
        attempts = 2 if request.method == "GET" else 1
        try:
            async with asyncio.timeout_at(credential.deadline):
                for attempt in range(1, attempts + 1):
                    try:
                        status, body = await self._exchange(request, headers)
                        break
                    except (
                        httpx.RemoteProtocolError,
                        httpx.ReadError,
                        httpx.WriteError,
                        httpx.ConnectTimeout,
                    ):
                        if attempt == attempts:
                            raise
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
        ) as error:  # aiohttp's transport calls any failure to connect a timeout
            raise FinesseUnreachable(
                "No connection to Finesse; check finesse_url, the network and the certificate"
            ) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FinesseTimeout("Finesse took too long; try again") from error
        except httpx.RemoteProtocolError as error:
            raise FinesseInvalidResponse("Finesse answered something that is not HTTP") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise FinesseUnreachable(
                "The connection to Finesse broke before its answer was whole"
            ) from error
        if 200 <= status < 300:
            return body
        raise _refusal(status, body)

    async def _exchange(self, request: Request, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self._http.stream(
            request.method, request.path, content=request.body, headers=headers
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FinesseInvalidResponse("Finesse answered compressed, although asked not to")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise FinesseInvalidResponse(f"Finesse answered more than {ANSWER_LIMIT} bytes")
            return response.status_code, bytes(body)


def _refusal(status: int, body: bytes) -> Exception:
    """The error for a status that is not 2xx. The ErrorType decides before the status: a 401 has four meanings."""
    told = next(iter(messages.read_api_errors(body)), None)
    kind = told.type if told else ""
    said = f"Finesse: {told.message or told.type}" if told else f"Finesse answered {status}"
    if kind in ("Invalid Authorization User Specified", "Invalid Supervisor") or status == 403:
        return NotPermitted(said)
    if (
        status == 401 and kind != "Invalid State"
    ):  # when in doubt, do not ask again: five tries lock the agent out
        return CredentialsRejected("Check the user's id and password, or sign in to Finesse again")
    if status == 404 and (told or status):
        return NotFound(said)
    if status == 503:
        return FinesseOutOfService(
            "Finesse is up but not in service; it is usually back within two minutes"
        )
    if told and status < 500:
        return FinesseRefused(said, type=told.type, message=told.message, data=told.data)
    return FinesseInvalidResponse(said)
