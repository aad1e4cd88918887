"""With several workers, each agent has a home: the worker that holds their session, if they have
one. The others pass on requests for sessions, and what changes something for an agent with a
session, so that Finesse's late refusals are seen.

The workers share a folder that only their user can enter. Each takes one of its numbered places and
listens there on a socket; an agent's place follows from their user id. A place is free again when
its process ends: uvicorn starts another one, which takes it. Its sessions have ended with it; the
clients open them again, as after a restart of the service.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcard.api.auth import read_credential
from callcard.api.endpoint import problem_response, read_body
from callcard.api.xml_bodies import prefers_xml
from callcard.errors import CallcardError, HomeUnavailable, MalformedRequest, OperatorError
from callcard.http_transport import HttpTransport

log = logging.getLogger("callcard")

MAX_FOLDER_CHARACTERS = 80
"""Of the folder with the sockets: Linux takes 107 for the whole path, macOS 103."""
PLACE_SECONDS = 20.0
"""For a place to become free: the worker before may still be stopping."""
FIND_SECONDS = 3.0
"""For a home that starts anew: an import, and uvicorn's look at its processes every half second."""
RETRY_SECONDS = 0.05
KEEP_ALIVE_SECONDS = 75
CONNECTIONS_BETWEEN_WORKERS = 256
"""From one worker to another; further requests wait."""
"""Longer than a worker keeps its connections to another: none is closed when a request leaves."""
CLOSE_SECONDS = 1.0
"""How long closing waits for workers that do not answer."""
_VARIABLE = "_CALLCARD_WORKER_GROUP"
_SESSIONS = "/api/v1/sessions"
_REJECTED = "/rejected"
"""On the socket only: reports to the home that Finesse rejected a credential."""
_OF_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}
"""Headers that are not passed on."""


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """The workers of one service: the folder that they share, and their number."""

    folder: Path
    size: int

    def socket(self, place: int) -> Path:
        return self.folder / f"{place}.sock"

    def export_to_workers(self) -> None:
        os.environ[_VARIABLE] = f"{self.size}:{self.folder}"

    def keep_folder(self) -> None:
        """Hold a lock on the folder until this process ends: systemd-tmpfiles, which deletes what
        nobody has touched for days, leaves out folders that are locked."""
        import fcntl

        fcntl.flock(os.open(self.folder, os.O_RDONLY), fcntl.LOCK_SH)

    @classmethod
    def from_environment(cls) -> Self | None:
        """Return the group that the parent process exported; None for a single process."""
        size, _, folder = os.environ.get(_VARIABLE, "").partition(":")
        return cls(Path(folder), int(size)) if folder else None


def folder_parent() -> str:
    """Return the directory for the folder: systemd's RuntimeDirectory if there is one, else that
    for temporary folders, or /tmp if its name is too long for sockets."""
    usual = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or tempfile.gettempdir()
    return usual if len(usual) <= MAX_FOLDER_CHARACTERS else "/tmp"  # noqa: S108 - mkdtemp's parent


class HomeWorkers:
    """This worker among the others. `deadline_seconds` is that of a request.

    `on_rejected` takes a credential that Finesse rejected in another worker, and its user id.
    """

    def __init__(
        self,
        group: WorkerGroup,
        *,
        body_limit_bytes: int,
        deadline_seconds: float,
        on_rejected: Callable[[str, str], None],
    ) -> None:
        self._group = group
        self._body_limit_bytes = body_limit_bytes
        self._deadline_seconds = deadline_seconds
        self._on_rejected = on_rejected
        self._place = -1
        self._lock = -1
        self._server: _SocketServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._clients: dict[int, httpx.AsyncClient] = {}
        self._notices: set[asyncio.Task[None]] = set()

    async def start(self, app: ASGIApp) -> None:
        """Take a place and listen there for the other workers. Raises OperatorError."""
        deadline = asyncio.get_running_loop().time() + PLACE_SECONDS
        while not self._take_place():
            if asyncio.get_running_loop().time() > deadline:
                raise OperatorError(f"all {self._group.size} places of workers are taken")
            await asyncio.sleep(RETRY_SECONDS)
        for marker in self._group.folder.glob(f"{self._place}.session.*"):
            marker.unlink()
        config = uvicorn.Config(
            self._answer_worker(app),
            uds=str(self._group.socket(self._place)),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = _SocketServer(config)
        self._serving = asyncio.create_task(self._server.serve())

    async def close(self) -> None:
        """Leave the place, once the other workers have the last notices."""
        if self._notices:
            # Cancelled while its answer arrives, a request would fail in the event loop itself.
            _sent, waiting = await asyncio.wait(self._notices, timeout=CLOSE_SECONDS)
            for notice in waiting:
                notice.cancel()
        for client in self._clients.values():
            await client.aclose()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = self._server.force_exit = True
            await self._serving
        if self._lock >= 0:
            os.close(self._lock)

    def _take_place(self) -> bool:
        """Lock the first free place. The system unlocks it when the process ends."""
        import fcntl  # not on Windows, where several workers are not supported

        for place in range(self._group.size):
            lock = os.open(self._group.folder / f"{place}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            if _is_listening(self._group.socket(place)):  # somebody deleted the lock's file
                os.close(lock)
                continue
            self._group.socket(place).unlink(missing_ok=True)
            self._place, self._lock = place, lock
            return True
        return False

    def _answer_worker(self, app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] != _REJECTED:
                await app(scope, receive, send)
                return
            with suppress(CallcardError):
                self._on_rejected(*read_credential(Request(scope).headers))
            await Response(status_code=204)(scope, receive, send)

        return answer

    # ---- which worker

    def _home_of(self, user_id: str) -> int:
        return int.from_bytes(_digest(user_id)[:8]) % self._group.size

    def _marker(self, user_id: str) -> Path:
        """Return the file that exists once an agent has opened a session at their home."""
        name = f"{self._home_of(user_id)}.session.{_digest(user_id).hex()}"
        return self._group.folder / name

    def home_of_request(self, scope: Scope, user_id: str) -> int | None:
        """Return the place that must answer a request; None for this worker's own."""
        if scope["method"] in ("GET", "HEAD"):
            return None
        home = self._home_of(user_id)
        if home == self._place:
            return None
        is_for_session = is_session_path(scope["path"])
        return home if is_for_session or self._marker(user_id).exists() else None

    def note_session(self, user_id: str) -> None:
        self._marker(user_id).touch()

    def note_rejection(self, authorization: str, user_id: str) -> None:
        """Let an agent's session end that has a credential which Finesse rejects."""
        home = self._home_of(user_id)
        if home == self._place or not self._marker(user_id).exists():
            return

        # As they came: Basic contains the id, and headers are Latin-1.
        headers = [(b"authorization", authorization.encode("latin-1"))]
        if not authorization.startswith("Basic "):
            headers.append((b"x-finesse-user", user_id.encode("latin-1")))

        async def send() -> None:
            with suppress(httpx.HTTPError):
                await self._client(home).post(_REJECTED, headers=headers)

        notice = asyncio.create_task(send())
        self._notices.add(notice)
        notice.add_done_callback(self._notices.discard)

    # ---- passing on

    async def pass_on(self, request: Request, home: int) -> Response:
        """Return the home's response to a request. Raises HomeUnavailable, MalformedRequest,
        TooLarge."""
        now = asyncio.get_running_loop().time
        body = await read_body(request, self._body_limit_bytes, now() + self._deadline_seconds)
        # As it came: decoded and encoded again, it could name something else.
        target = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        given = request.headers.raw
        headers = [(name, value) for name, value in given if name.decode() not in _OF_CONNECTION]
        deadline = now() + FIND_SECONDS
        while True:
            try:
                answer = await self._client(home).request(
                    request.method,
                    "/",
                    content=body,
                    headers=headers,
                    extensions={"target": target},
                )
            except httpx.LocalProtocolError:
                raise MalformedRequest("the address has characters that need encoding") from None
            except httpx.ConnectError:  # nothing was sent
                if now() > deadline:
                    raise HomeUnavailable("The worker that holds sessions is starting") from None
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except httpx.HTTPError:
                raise HomeUnavailable(
                    "The worker that holds this agent's session has ended; whether the request "
                    "took effect is not known: read GET /me"
                ) from None
            response = Response(answer.content, answer.status_code)
            response.raw_headers = [
                (name.lower(), value)
                for name, value in answer.headers.raw
                if name.lower().decode() not in _OF_CONNECTION - {"content-length"}
            ]
            return response

    def _client(self, place: int) -> httpx.AsyncClient:
        client = self._clients.get(place)
        if client is None:
            client = httpx.AsyncClient(
                base_url="http://worker",
                transport=HttpTransport(
                    None,
                    connections=CONNECTIONS_BETWEEN_WORKERS,
                    socket_path=str(self._group.socket(place)),
                ),
                timeout=2 * self._deadline_seconds,
                trust_env=False,
            )
            self._clients[place] = client
        return client


class PassOnToHome:
    """ASGI middleware: pass requests on to the agent's home, if that is another worker."""

    def __init__(self, app: ASGIApp, homes: HomeWorkers) -> None:
        self._app = app
        self._homes = homes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/v1/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            _authorization, user_id = read_credential(request.headers)
        except CallcardError:  # answered, as without several workers, by the endpoint
            await self._app(scope, receive, send)
            return
        home = self._homes.home_of_request(scope, user_id)
        if home is None:
            await self._app(scope, receive, self._noting_session(scope, user_id, send))
            return
        try:
            response = await self._homes.pass_on(request, home)  # the home logs it
        except CallcardError as error:
            log.warning("a request was not passed on to its home: %s", error.code)
            as_xml = is_session_path(scope["path"]) and prefers_xml(
                request.headers.get("accept", "")
            )
            response = problem_response(error, as_xml=as_xml)
        await response(scope, receive, send)

    def _noting_session(self, scope: Scope, user_id: str, send: Send) -> Send:
        if scope["method"] != "POST" or not is_session_path(scope["path"]):
            return send

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                self._homes.note_session(user_id)
            await send(message)

        return send_and_note


class _SocketServer(uvicorn.Server):
    """A second server in this process: signals are the first one's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(1.0)
        return path.exists() and other.connect_ex(str(path)) == 0


def is_session_path(path: str) -> bool:
    return path == _SESSIONS or path.startswith(f"{_SESSIONS}/")


def _digest(user_id: str) -> bytes:
    return hashlib.sha256(user_id.casefold().encode()).digest()
