"""Wire the service together: settings in, an ASGI application out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from callcard import gc_tuning
from callcard.actions.callbacks import Callbacks
from callcard.actions.calls import CallControl
from callcard.actions.coaching import Coaching
from callcard.actions.event_feed import EventFeed
from callcard.actions.interactions import Interactions
from callcard.actions.number_lists import NumberListActions
from callcard.actions.roster import Roster
from callcard.actions.roster_poll import POLL_SECONDS as ROSTER_POLL_SECONDS
from callcard.actions.roster_poll import RosterPoll
from callcard.actions.routing import RoutingDecisions
from callcard.actions.sessions import Sessions
from callcard.actions.supervision import Supervision
from callcard.actions.team_calls import CallBoard
from callcard.actions.transfer_targets import TransferTargets
from callcard.api import asyncapi, openapi
from callcard.api.api_keys import ApiKeys
from callcard.api.auth import AgentAuthenticator
from callcard.api.endpoint import json_response
from callcard.api.event_stream import events_route
from callcard.api.health import healthz, readyz
from callcard.api.home_workers import HomeWorkers, PassOnToHome, WorkerGroup
from callcard.api.http_limits import limit_connections
from callcard.api.lockout import LockoutMemory
from callcard.api.middleware import (
    AnyOrigin,
    RequestLog,
    SecurityHeaders,
    callcard_error,
    http_error,
)
from callcard.api.program_tokens import ProgramTokens
from callcard.api.programs import Programs
from callcard.api.routes import api_routes
from callcard.api.routing import Machines, routing_routes
from callcard.api.services import Services
from callcard.api.shutdown import ForcedShutdown
from callcard.crm.directory import Directory
from callcard.crm_connections import CrmConnections
from callcard.errors import CallcardError
from callcard.events import EventBus
from callcard.finesse.connections import create_tls_context, open_cluster, open_http_clients
from callcard.issuer_keys import fetch_keys
from callcard.journal.caller_lookup import CallerLookup
from callcard.journal.journal import SWEEP_SECONDS, Journal
from callcard.routing.number_lists import NumberLists
from callcard.settings import Settings, find_settings_file
from callcard.store.open_store import open_store
from callcard.telephony.dial_plan import DialPlan, read_rules

log = logging.getLogger("callcard")

PURGE_EVENTS_SECONDS = 600.0

CROSS_ORIGIN_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Last-Event-ID",
    "X-API-Key",
    "X-Finesse-Node",
    "X-Finesse-User",
)

_DOCS = Path(__file__).parent / "api" / "docs"

_openapi_document = cache(openapi.document)
_asyncapi_document = cache(asyncapi.document)


def create_app(
    settings: Settings,
    *,
    http: httpx.AsyncClient | None = None,
    lockout_memory: LockoutMemory | None = None,
    clock: Callable[[], float] = time.time,
    background_jobs: bool = True,
    settings_file: Path | None = None,
    workers: WorkerGroup | None = None,
) -> Starlette:
    """Return the service for `settings`.

    `http`, if given, is the client that reaches Finesse; the caller closes it. `lockout_memory` is
    what several workers share. `clock` returns seconds since the epoch. Without `background_jobs`
    the caller runs the sweep and the delivery: `app.state.journal` and `app.state.connections`.
    When `settings_file` changes, the contact sources are opened anew. `workers` are those of which
    this process is one. Raises OperatorError for unusable settings.
    """
    tls = create_tls_context(settings.finesse)
    own_clients = open_http_clients(settings.finesse, tls) if http is None else []
    cluster = open_cluster(settings.finesse, [http] if http else own_clients, tls)
    country = settings.telephony.country
    internal = settings.telephony.internal_numbers
    store = open_store(settings.journal_database)
    events = EventBus()

    connections = CrmConnections(settings, store, events, clock)
    directory = Directory(connections.sources, country, settings.contacts, internal, store)
    number_lists = NumberLists(store, country, clock, internal)
    journal = Journal(store, directory, number_lists, events, settings, clock)
    connections.on_replaced = directory.use

    roster = Roster(store, events, settings.api.credential_cache_seconds, clock)
    authenticator = AgentAuthenticator(
        cluster,
        cache_seconds=settings.api.credential_cache_seconds,
        lockout_seconds=settings.api.lockout_seconds,
        deadline_seconds=settings.finesse.deadline_seconds,
        memory=lockout_memory or LockoutMemory(),
        on_verified=roster.update,
    )
    dial_plan = DialPlan(country, read_rules(settings.telephony.dial_rules), internal)
    call_control = CallControl(dial_plan, number_lists, cluster)
    sessions = Sessions(
        cluster,
        journal.report_of_session,
        events,
        settings.finesse.deadline_seconds,
        close_calls=journal.close_calls_of,
        reject=authenticator.reject,
        on_user=roster.update,
    )
    homes = workers and HomeWorkers(
        workers,
        body_limit_bytes=settings.api.body_limit_bytes,
        deadline_seconds=settings.finesse.deadline_seconds,
        on_rejected=sessions.credential_rejected,
    )

    def end_session_of(authorization: str, user_id: str) -> None:
        sessions.credential_rejected(authorization, user_id)
        if homes:
            homes.note_rejection(authorization, user_id)

    authenticator.on_rejected = end_session_of
    call_board = CallBoard(store, settings.telephony, clock)
    supervision = Supervision(store, call_board, settings.supervision, clock)
    services = Services(
        settings=settings,
        store=store,
        cluster=cluster,
        directory=directory,
        journal=journal,
        caller_lookup=CallerLookup(directory, store, settings.telephony),
        interactions=Interactions(store, directory, settings, clock),
        call_control=call_control,
        callbacks=Callbacks(store, call_control, events, country, clock, internal),
        number_lists=NumberListActions(store, number_lists, settings.lists, country, events, clock),
        sessions=sessions,
        roster=roster,
        supervision=supervision,
        coaching=Coaching(store, supervision, events, clock),
        transfer_targets=TransferTargets(directory, roster, settings.queues),
    )

    keys = ApiKeys(store, clock)
    tokens = ProgramTokens(settings.token_issuers, fetch_keys, clock)
    programs = Programs(keys, tokens, settings.finesse.deadline_seconds, clock)
    decisions = RoutingDecisions(store, number_lists, directory, settings.routing, clock)

    roster_poll = RosterPoll(store, cluster, roster, settings.finesse, clock)
    feed = EventFeed(store, events, settings.api.events_hours * 3600, clock)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # Closed in the opposite order, each even if another fails.
        async with AsyncExitStack() as stack:
            stack.callback(authenticator.close)
            for client in own_clients:
                stack.push_async_callback(client.aclose)
            stack.push_async_callback(connections.close)
            stack.push_async_callback(store.close)
            stack.push_async_callback(feed.flush)
            stack.callback(feed.close)
            stack.push_async_callback(roster.flush)
            stack.push_async_callback(keys.flush)
            stack.push_async_callback(decisions.close)
            stack.push_async_callback(sessions.close_all)
            if homes:
                stack.push_async_callback(homes.close)
                await homes.start(app)
            try:
                await journal.note_outage()
            except CallcardError as error:  # calls of the outage then need a supervisor
                log.error("the time without Callcard is not known: %s", error.detail)
            if background_jobs:
                connections.start()
                stack.push_async_callback(connections.stop)
                jobs = [
                    repeat(journal.sweep, SWEEP_SECONDS),
                    repeat(feed.purge, PURGE_EVENTS_SECONDS),
                    repeat(services.coaching.purge, PURGE_EVENTS_SECONDS),
                    feed.write(),
                    feed.watch(),
                ]
                if roster_poll.is_configured:
                    jobs.append(repeat(roster_poll.step, ROSTER_POLL_SECONDS))
                if settings_file is not None:
                    jobs.append(connections.watch(settings_file, Settings.read))
                for job in jobs:
                    stack.push_async_callback(_stop, asyncio.create_task(job))
            yield

    async def openapi_json(request: Request) -> Response:
        return json_response(_openapi_document())  # made when it is asked for: it takes 0.1 s

    async def asyncapi_json(request: Request) -> Response:
        return json_response(_asyncapi_document())

    async def docs(request: Request) -> Response:
        return FileResponse(_DOCS / "docs.html")

    routes: list[Route | Mount] = [
        # First, as each route before one costs a comparison: calls wait for these.
        *routing_routes(decisions, Machines(settings.routing.addresses, programs)),
        events_route(feed, authenticator, programs),
        *api_routes(services, authenticator, programs, settings.api.origins),
        Route("/healthz", healthz),
        Route("/readyz", readyz(services, clock)),
        Route("/openapi.json", openapi_json),
        Route("/asyncapi.json", asyncapi_json),
        Route("/docs", docs),
        Mount("/docs", StaticFiles(directory=_DOCS)),
    ]
    bundle = Path(settings.gadget.bundle)
    if bundle.is_dir():
        routes.append(Mount("/gadget", AnyOrigin(StaticFiles(directory=bundle))))
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders),
            *_cross_origin(settings.api.origins),
            *([Middleware(PassOnToHome, homes)] if homes else []),
            Middleware(RequestLog),
        ],
        exception_handlers={CallcardError: callcard_error, HTTPException: http_error},
        lifespan=lifespan,
    )
    app.state.journal = journal
    app.state.feed = feed
    app.state.roster = roster
    app.state.api_keys = keys
    app.state.coaching = services.coaching
    app.state.roster_poll = roster_poll
    app.state.connections = connections
    # A redirect would repeat the query, with the number in it, in a header.
    app.router.redirect_slashes = False
    return app


def _cross_origin(origins: Sequence[str]) -> list[Middleware]:
    """Return what lets pages of other web apps call the API from the browser."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=CROSS_ORIGIN_HEADERS,
            expose_headers=("Retry-After", "WWW-Authenticate"),
        )
    ]


def from_environment() -> ASGIApp:
    """Return the service for this directory and environment: what each worker process starts."""
    settings = Settings.read()
    limit_connections(settings.api)
    app = create_app(
        settings,
        lockout_memory=LockoutMemory.from_environment(),
        settings_file=find_settings_file(),
        workers=WorkerGroup.from_environment(),
    )
    gc_tuning.tune_garbage_collection()
    return ForcedShutdown(app, on_signal=app.state.feed.close)


async def repeat(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Run a step every `seconds` until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except CallcardError as error:
            log.error("background work: %s", error.detail)
        except Exception:  # a defect must not end the background work for good
            log.exception("background work failed")


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
