"""The endpoints' handlers: decode the request, call one action, return its result."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from callcard import times
from callcard.actions import agents, calls
from callcard.actions.call_actions import CallArguments
from callcard.actions.callbacks import NewCallback
from callcard.actions.interactions import InteractionChange
from callcard.actions.number_lists import ListedNumber, ListPage
from callcard.actions.roster import SIGNED_OUT
from callcard.actions.sessions import Session, SignIn, SignOut
from callcard.actions.transfer_targets import KINDS, TargetKind, TransferTargetList
from callcard.api.endpoint import RequestContext
from callcard.api.schemas import (
    AuditList,
    CallbackDial,
    CallbackList,
    CallbackUpdate,
    CallList,
    CaseRequest,
    ContactRequest,
    DialRequest,
    InteractionList,
    NumberListChange,
    NumberListRequest,
    NumberLists,
    NumberRequest,
    Presence,
    SessionRequest,
    StateChange,
)
from callcard.crm.base import Case, Contact, NewCase
from callcard.crm.directory import Lookup, SearchResult, Wait
from callcard.crm.explanation import Explanation, explain
from callcard.errors import InvalidField, MalformedRequest
from callcard.finesse.objects import MobileAgent
from callcard.journal.acknowledgement import ReportAcknowledgement
from callcard.journal.interaction import Interaction
from callcard.journal.report import CallReport
from callcard.routing.list_entries import NewListEntry
from callcard.store.base import Callback
from callcard.telephony.command_outcome import CommandResult

DEFAULT_LIMIT = 20
MAX_LIMIT = 50

# ---- contacts


async def find_contacts(context: RequestContext) -> Lookup | SearchResult:
    number = context.query("number", 256)
    text = context.query("q", 200)
    if number is not None and text is None:
        refresh = context.query("refresh", 1) == "1"
        current = _shown_interaction(context)
        return await context.services.caller_lookup.look_up_number(number, current, refresh=refresh)
    if text is not None and number is None:
        return await context.services.directory.search(text, _limit(context.query("limit", 8)))
    raise MalformedRequest("give either number= or q=")


async def explain_lookup(context: RequestContext) -> Explanation:
    number = context.query("number", 256)
    if number is None:
        raise MalformedRequest("give number=")
    return await explain(context.services.directory, number)


def _limit(text: str | None) -> int:
    try:
        limit = int(text or DEFAULT_LIMIT)
    except ValueError as error:
        raise InvalidField("limit", "limit must be a whole number") from error
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidField("limit", f"limit must be from 1 to {MAX_LIMIT}")
    return limit


async def get_contact(context: RequestContext) -> Contact:
    return await context.services.caller_lookup.contact(
        context.path("source"), context.path("id"), _shown_interaction(context)
    )


def _shown_interaction(context: RequestContext) -> str:
    return context.query("without", 64) or ""


async def create_contact(context: RequestContext) -> Contact:
    body = await context.body(ContactRequest)
    key = f"{context.agent.login_id}:{body.request_id or uuid.uuid4()}"
    return await context.services.directory.create(
        key=key, name=body.name, company=body.company, email=body.email, numbers=body.numbers
    )


async def add_contact_number(context: RequestContext) -> Contact:
    body = await context.body(NumberRequest)
    return await context.services.directory.add_number(
        context.path("source"), context.path("id"), body.number
    )


async def create_case(context: RequestContext) -> Case:
    body = await context.body(CaseRequest)
    new = NewCase(
        key=f"{context.agent.login_id}:{body.request_id or uuid.uuid4()}",
        contact=context.path("id"),
        subject=body.subject.strip(),
        notes=body.notes.strip(),
        opened_at=times.iso_text(time.time()),
    )
    return await context.services.directory.create_case(context.path("source"), new)


# ---- the agent and their calls


async def get_me(context: RequestContext) -> agents.Me:
    services = context.services
    sources_with = services.directory.sources_with
    writable_sources = agents.WritableSources(
        contacts=sources_with("create"),
        numbers=sources_with("add_number"),
        cases=sources_with("create_case"),
    )
    return await agents.me(
        context.agent,
        services.cluster,
        services.settings.gadget.bring_to_front,
        writable_sources,
    )


async def set_state(context: RequestContext) -> CommandResult:
    body = await context.body(StateChange)
    result = await agents.set_state(context.agent, body.state, body.reason, context.wait_seconds)
    if body.state == SIGNED_OUT:  # the desktop closes, and reports nothing more
        context.services.roster.note_state(context.agent.user, SIGNED_OUT)
    return result


async def note_presence(context: RequestContext) -> Presence:
    body = await context.body(Presence)
    context.services.roster.note_state(context.agent.user, body.state)
    return body


async def list_calls(context: RequestContext) -> CallList:
    return CallList(await calls.list_calls(context.agent))


async def dial(context: RequestContext) -> CommandResult:
    body = await context.body(DialRequest)
    return await context.services.call_control.dial(context.agent, body.to, context.wait_seconds)


async def act_on_call(context: RequestContext) -> CommandResult:
    arguments = await context.body(CallArguments, default=calls.NO_ARGUMENTS)
    return await context.services.call_control.act(
        context.agent,
        context.path("id"),
        context.path("action"),
        arguments,
        context.wait_seconds,
    )


async def find_transfer_targets(context: RequestContext) -> TransferTargetList:
    text = context.query("q", 200) or ""
    kinds = _target_kinds(context.query("kinds", 60))
    return await context.services.transfer_targets.find(context.agent, text, kinds)


def _target_kinds(text: str | None) -> list[TargetKind]:
    """Read the kinds of targets to find; without `kinds=`, all."""
    names = text.split(",") if text else KINDS
    for name in names:
        if name not in KINDS:
            raise InvalidField("kinds", f"kinds has {name!r}; it may have {', '.join(KINDS)}")
    return [kind for kind in KINDS if kind in names]


# ---- interactions


_LOOKUPS: dict[str, Wait] = {"1": "first", "all": "all"}
"""Values of `lookup=`."""


async def report_call(context: RequestContext) -> ReportAcknowledgement:
    report = await context.body(CallReport)
    lookup = _LOOKUPS.get(context.query("lookup", 3) or "")
    answer = await context.services.journal.report(context.agent, report, lookup=lookup)
    is_coached = await context.services.coaching.is_waiting(context.agent)
    return replace(answer, coaching=True) if is_coached else answer


async def list_interactions(context: RequestContext) -> InteractionList:
    call = context.query("call", 64)
    interactions = context.services.interactions
    if call:
        return InteractionList(await interactions.of_call(context.agent, call))
    return InteractionList(await interactions.parked(context.agent))


async def get_interaction(context: RequestContext) -> Interaction:
    return await context.services.interactions.get(context.agent, context.path("id"))


async def update_interaction(context: RequestContext) -> Interaction:
    change = await context.body(InteractionChange)
    return await context.services.interactions.change(context.agent, context.path("id"), change)


async def retry_interaction(context: RequestContext) -> Interaction:
    return await context.services.interactions.retry(context.agent, context.path("id"))


# ---- callbacks


async def list_callbacks(context: RequestContext) -> CallbackList:
    return CallbackList(await context.services.callbacks.list(context.agent))


async def create_callback(context: RequestContext) -> Callback:
    new = await context.body(NewCallback)
    return await context.services.callbacks.add(context.agent, new)


async def update_callback(context: RequestContext) -> Callback:
    body = await context.body(CallbackUpdate)
    return await context.services.callbacks.change(
        context.agent, context.path("id"), body.status, body.due_at, body.note
    )


async def dial_callback(context: RequestContext) -> CommandResult:
    body = await context.body(CallbackDial, default=CallbackDial())
    return await context.services.callbacks.dial(
        context.agent, context.path("id"), body.reason, context.wait_seconds
    )


# ---- number lists


async def list_number_lists(context: RequestContext) -> NumberLists:
    number_lists = context.services.number_lists
    number = context.query("number", 128) or ""
    return NumberLists(
        lists=await number_lists.lists(context.principal),
        numbers=await number_lists.naming(context.principal, number),
    )


async def list_numbers(context: RequestContext) -> ListPage:
    return await context.services.number_lists.page(
        context.principal,
        context.path("name"),
        number=context.query("number", 128) or "",
        after=context.query("after", 20) or "",
        proposed_only=context.query("state", 20) == "proposed",
    )


async def add_number(context: RequestContext) -> ListedNumber:
    body = await context.body(NumberListRequest)
    new = NewListEntry(
        number=body.number,
        reason=body.reason,
        dialled=body.dialled,
        team=body.team,
        action=body.action,
        target=body.target,
        expires_at=times.read_given(body.expires_at, "expires_at") if body.expires_at else None,
    )
    return await context.services.number_lists.add(context.principal, context.path("name"), new)


async def change_number(context: RequestContext) -> ListedNumber:
    body = await context.body(NumberListChange)
    expires_at = body.expires_at
    return await context.services.number_lists.change(
        context.principal,
        context.path("name"),
        context.path("entry"),
        state=body.state,
        reason=body.reason,
        expires_at=times.read_given(expires_at, "expires_at")
        if isinstance(expires_at, str)
        else expires_at,
    )


async def remove_number(context: RequestContext) -> ListedNumber:
    return await context.services.number_lists.remove(
        context.principal, context.path("name"), context.path("entry")
    )


async def list_audit(context: RequestContext) -> AuditList:
    return AuditList(await context.services.number_lists.audit(context.principal))


# ---- sessions


async def open_session(context: RequestContext) -> Session:
    body = await context.body(SessionRequest)
    if bool(body.mobile_mode) != bool(body.mobile_number):
        raise InvalidField("mobile_number", "mobile_mode and mobile_number go together")
    if body.mobile_mode and not body.extension:
        raise InvalidField("extension", "a mobile agent signs in on an extension, too")
    mobile = MobileAgent(mode=body.mobile_mode, dial_number=body.mobile_number)
    sign_in = SignIn(
        extension=body.extension,
        mobile=mobile if body.mobile_mode else None,
        is_ready=body.ready,
    )
    return await context.services.sessions.open(context.agent, sign_in)


async def close_session(context: RequestContext) -> Session:
    sign_out = SignOut(
        reason=context.query("reason", 64) or "",
        sign_out_reason=context.query("sign_out_reason", 64) or "",
    )
    stays = context.query("keep_signed_in", 1) == "1"
    return await context.services.sessions.close(
        context.agent, context.path("id"), None if stays else sign_out
    )
