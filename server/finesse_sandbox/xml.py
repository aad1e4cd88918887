"""The stand-in's XML, both ways: upper camel over HTTP, lower camel in events, as Finesse does it.

Written apart from `callcard.finesse.messages` on purpose: the two halves check each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lxml import etree
from lxml.builder import E

from finesse_sandbox.site import (
    CtiError,
    PhoneBook,
    Queue,
    ReasonCode,
    Refusal,
    Site,
    User,
    Workflow,
)
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.calls import Dialog, Participant
from finesse_sandbox.telephony.tasks import Standing, Task

API = "/finesse/api"

if TYPE_CHECKING:
    from finesse_sandbox.nodes import NodeStatus, Place

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def document(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, standalone=True)


def read(body: bytes, root: str) -> etree._Element:
    """The body, which must be a `root`. Raises Refusal 400 for anything else."""
    try:
        element = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(
            400, "Bad Request", "The body is not well-formed XML", str(error)[:100]
        ) from error
    if element.tag != root or element.getroottree().docinfo.doctype:
        raise Refusal(400, "Bad Request", f"The body must be a <{root}>", str(element.tag)[:40])
    return element


def texts(element: etree._Element) -> dict[str, str]:
    """The texts of the children by name."""
    return {
        child.tag: (child.text or "").strip() for child in element if isinstance(child.tag, str)
    }


def refusal(error: Refusal) -> etree._Element:
    data = "".join(c for c in error.data if c.isprintable())  # it quotes what was sent
    return E.ApiErrors(
        E.ApiError(E.ErrorType(error.type), E.ErrorMessage(error.message), E.ErrorData(data))
    )


def user(site: Site, person: User, tag: str = "User") -> etree._Element:
    uri = f"{API}/User/{person.id}"
    element = E(
        tag,
        E.uri(uri),
        E.roles(*(E.role(role) for role in person.roles)),
        E.loginId(person.id),
        E.loginName(person.id),
        E.state(person.state),
        E.stateChangeTime(person.since),
        E.mediaType("1"),
        E.pendingState(person.pending),
        E.reasonCodeId(person.reason_id),
        E.settings(E.wrapUpOnIncoming(person.wrap_up), E.wrapUpOnOutgoing("NOT_ALLOWED")),
        E.extension(person.extension),
        E.firstName(person.first_name),
        E.lastName(person.last_name),
        E.teamId(person.team),
        E.teamName(site.team_name),
        E.dialogs(f"{uri}/Dialogs"),
        E.wrapUpTimer(str(person.wrap_up_seconds)),
    )
    if person.mobile:
        element.append(E.mobileAgent(E.mode(person.mobile[0]), E.dialNumber(person.mobile[1])))
    if person.reason:
        element.append(reason_code(person.reason))
    if person.supervises:
        teams = (
            E.Team(E.uri(f"{API}/Team/{t}"), E.id(t), E.name(site.team_name))
            for t in person.supervises
        )
        element.append(E.teams(*teams))
    return element


def users(site: Site, people: Iterable[User]) -> etree._Element:
    return E.Users(*(user(site, person) for person in people))


def reason_code(code: ReasonCode) -> etree._Element:
    return E.ReasonCode(
        E.uri(f"{API}/ReasonCode/{code.id}" if code.id else ""),
        E.category(code.category),
        E.code(str(code.code)),
        E.label(code.label),
        E.forAll("true"),
        E.systemCode(str(code.system).lower()),
        E.id(code.id),
    )


def reason_codes(site: Site, category: str) -> etree._Element:
    return E.ReasonCodes(
        *(reason_code(code) for code in site.reasons if code.category == category),
        category=category,
    )


def wrap_up_reason(id: str, label: str) -> etree._Element:
    return E.WrapUpReason(E.uri(f"{API}/WrapUpReason/{id}"), E.label(label), E.forAll("true"))


def wrap_up_reasons(site: Site) -> etree._Element:
    return E.WrapUpReasons(
        *(wrap_up_reason(id, label) for id, label in site.wrap_up_reasons.items())
    )


def layouts(site: Site) -> etree._Element:
    return E.MediaPropertiesLayouts(layout(site))


def layout(site: Site) -> etree._Element:
    """Which variables the desktop shows: the queue's in the header, then the call variables and the ECC variables in columns."""
    shown = (
        [f"callVariable{n}" for n in range(1, 11)],
        [name for name in site.variables if not name.endswith("[]")],
    )
    columns = (E.column(*(_entry(name) for name in names)) for names in shown)
    return E.MediaPropertiesLayout(
        E.uri(f"{API}/MediaPropertiesLayout/1"), E.name("Default"), E.description(), E.type("DEFAULT"),
        E.header(_entry("callVariable1")), *columns,
    )  # fmt: skip


def _entry(name: str) -> etree._Element:
    return E.entry(E.displayName(name), E.mediaProperty(name))


def phone_books(books: Iterable[tuple[PhoneBook, Iterable[int]]]) -> etree._Element:
    """Each book with the places of the contacts that are given from it."""
    return E.PhoneBooks(*(phone_book(book, places) for book, places in books))


def phone_book(book: PhoneBook, places: Iterable[int]) -> etree._Element:
    found = (
        E.Contact(
            E.firstName(c.first_name), E.lastName(c.last_name), E.phoneNumber(c.number), E.description(c.description),
            E.uri(f"{API}/PhoneBook/{book.id}/Contact/{place + 1}"),
        )
        for place in places for c in [book.contacts[place]]
    )  # fmt: skip
    return E.PhoneBook(
        E.uri(f"{API}/PhoneBook/{book.id}"),
        E.name(book.name),
        E.type(book.type),
        E.Contacts(*found),
    )


def workflows(site: Site) -> etree._Element:
    return E.Workflows(*(workflow(each) for each in site.workflows))


def workflow(flow: Workflow) -> etree._Element:
    voice = E.Trigger(
        E.Variable(E.name("mediaType"), E.node("//Dialog/mediaType"), E.type("CUSTOM")),
        E.comparator("IS_EQUAL"),
        E.value("Voice"),
    )
    variables = (
        E.ActionVariable(E.name(n), E.node(node), E.type("SYSTEM"), E.testValue())
        for n, node in flow.variables
    )
    action = E.WorkflowAction(
        E.uri(f"{API}/WorkflowAction/{flow.id}"), E.name(flow.name), E.type(flow.type), E.handledBy(flow.handled_by),
        E.params(*(E.Param(E.name(name), E.value(value)) for name, value in flow.params)),
        E.actionVariables(*variables),
    )  # fmt: skip
    return E.Workflow(
        E.uri(f"{API}/Workflow/{flow.id}"), E.name(flow.name), E.description(), E.media("Voice"),
        E.TriggerSet(E.type("SYSTEM"), E.name(flow.when), E.triggers(voice)),
        E.ConditionSet(E.applyMethod("ALL"), E.conditions()), E.workflowActions(action),
    )  # fmt: skip


def queues(found: Iterable[Queue], waiting: Mapping[str, int], platform: str) -> etree._Element:
    return E.Queues(*(queue(each, waiting.get(each.name, 0), platform) for each in found))


_AGENTS = (
    "agentsReady", "agentsNotReady", "agentsBusyOther", "agentsLoggedOn", "agentsTalkingInbound", "agentsTalkingOutbound",
    "agentsTalkingInternal", "agentsWrapUpNotReady", "agentsWrapUpReady",
)  # fmt: skip


def queue(each: Queue, waiting: int, platform: str, tag: str = "Queue") -> etree._Element:
    """On UCCX every number is -1."""
    none = "-1" if platform == "uccx" else "0"
    return E(
        tag, E.uri(f"{API}/Queue/{each.id}"), E.name(each.name),
        E.statistics(
            E.callsInQueue(none if platform == "uccx" else str(waiting)), E.startTimeOfLongestCallInQueue(),
            *(E(name, none) for name in _AGENTS),
        ),
    )  # fmt: skip


def dialogs(found: Iterable[Dialog]) -> etree._Element:
    return E.Dialogs(*(dialog(each) for each in found))


def listed(one: etree._Element) -> etree._Element:
    """A call that comes into or leaves a user's collection, as events have it."""
    return E.dialogs(one)


def dialog(call: Dialog, tag: str = "Dialog") -> etree._Element:
    # Always all ten: with a single one the vendor's 10.x library loses its way, so a real server can't do it often.
    named = {f"callVariable{n}": "" for n in range(1, 11)} | call.variables
    variables = (E.CallVariable(E.name(name), E.value(value)) for name, value in named.items())
    return E(
        tag,
        E.associatedDialogUri(f"{API}/Dialog/{call.associated}" if call.associated else ""),
        E.fromAddress(call.from_address),
        E.id(call.id),
        E.secondaryId(call.secondary),
        E.mediaProperties(
            E.mediaId("1"),
            E.DNIS(call.dialed),
            E.callType(call.call_type),
            E.dialedNumber(call.dialed),
            E.queueName(call.queue),
            *_call_key(call),
            E.outboundClassification(call.classification),
            E.wrapUpReason(call.wrap_up[0] if call.wrap_up else ""),
            *(
                [E.wrapUpItems(*(E.wrapUpItem(item) for item in call.wrap_up))]
                if len(call.wrap_up) > 1
                else []
            ),
            E.callvariables(*variables),
        ),
        E.mediaType("Voice"),
        E.participants(*(_participant(each) for each in call.participants)),
        E.state(call.state),
        E.toAddress(call.to_address),
        E.uri(f"{API}/Dialog/{call.id}"),
        *_callback(call),
    )


def _call_key(call: Dialog) -> list[etree._Element]:
    prefix, id = call.key
    return (
        [E.callKeyCallId(id), E.callKeySequenceNum("1"), E.callKeyPrefix(prefix)] if prefix else []
    )


def _callback(call: Dialog) -> list[etree._Element]:
    time, number = call.callback
    told = [E.callbackTime(time)] if time else []
    told += [E.callbackNumber(number)] if number else []
    return [E.scheduledCallbackInfo(*told)] if told else []


def _participant(each: Participant) -> etree._Element:
    return E.Participant(
        E.actions(*(E.action(action) for action in each.actions)),
        E.mediaAddress(each.address),
        E.mediaAddressType("AGENT_DEVICE" if each.is_agent else ""),
        E.startTime(each.began),
        E.state(each.state),
        E.stateCause(each.cause),
        E.stateChangeTime(each.since),
    )


def team(site: Site, id: str, members: Iterable[User]) -> etree._Element:
    uri = f"{API}/Team/{id}"
    return E.Team(
        E.uri(uri), E.id(id), E.name(site.team_name), E.users(*(member(each) for each in members))
    )


def member(person: User, tag: str = "User") -> etree._Element:
    """A user's summary, as teams have it."""
    element = E(
        tag,
        E.uri(f"{API}/User/{person.id}"),
        E.loginId(person.id),
        E.firstName(person.first_name),
        E.lastName(person.last_name),
        E.dialogs(f"{API}/User/{person.id}/Dialogs"),
        E.extension(person.extension),
        E.pendingState(person.pending),
        E.state(person.state),
        E.stateChangeTime(person.since),
    )
    if person.reason:
        element.append(reason_code(person.reason))
    return element


def system_info(agents: Agents, node: NodeStatus, tag: str = "SystemInfo") -> etree._Element:
    up = "IN_SERVICE" if node.in_service else "OUT_OF_SERVICE"
    heartbeat = int(agents.clock().timestamp() * 1000)
    return E(
        tag,
        E.currentTimestamp(node.now()),
        E.deploymentType(agents.platform.upper()),
        E.lastCTIHeartbeatStatus("success" if node.in_service else "failure"),
        E.lastSuccessCTIHeartbeatTime(str(heartbeat)),
        E.ctiHeartbeatInterval("5"),
        *(_node(f"{rank}Node", place) for rank, place in zip(("primary", "secondary"), node.places, strict=True)),
        E.status(up),
        E.statusReason("" if node.in_service else "Taken down"),
        E.systemAuthMode("SSO" if agents.site.sso else "NON_SSO"),
        E.timezoneOffset("0"),
        E.uri(f"{API}/SystemInfo"),
        E.xmppDomain(node.domain),
        E.xmppPubSubDomain(f"pubsub.{node.domain}"),
    )  # fmt: skip


def _node(tag: str, place: Place | None) -> etree._Element:
    if place is None:
        return E(tag, E.host())
    ports = (E.xmppPort(str(place.xmpp or "")), E.xmppSecurePort(str(place.xmpp_secure or "")))
    return E(tag, E.host(place.host), E.httpsPort(str(place.port)), *ports)


def media(site: Site, standings: Iterable[Standing]) -> etree._Element:
    return E.MediaList(*(medium(site, each) for each in standings))


def medium(site: Site, each: Standing, tag: str = "Media") -> etree._Element:
    element = E(
        tag,
        E.uri(f"{API}/User/{each.user}/Media/{each.id}"),
        E.description(each.name),
        E.dialogLogoutAction(each.logout_action),
        E.id(each.id),
        E.interruptible("true"),
        E.interruptAction(each.interrupt_action),
        E.maxDialogLimit(str(each.limit)),
        E.mediaConnected("true"),
        E.name(each.name),
        E.reasonCodeId(each.reason_id),
        E.routable(str(each.routable).lower()),
        E.state(each.state),
        E.stateChangeTime(each.since),
    )
    if reason := site.reason(each.reason_id, each.state):
        element.append(reason_code(reason))
    return element


def tasks(found: Iterable[Task]) -> etree._Element:
    return E.Dialogs(*(task(each) for each in found))


def task(each: Task, tag: str = "Dialog") -> etree._Element:
    """A task of another medium: no call type, no addresses, one agent."""
    return E(
        tag,
        E.associatedDialogUri(),
        E.fromAddress(),
        E.id(each.id),
        E.mediaProperties(
            E.mediaId(each.media), E.dialedNumber(), E.callType(), E.outboundClassification(),
            E.callvariables(*(E.CallVariable(E.name(n), E.value(v)) for n, v in each.variables.items())),
        ),
        E.mediaType(each.media_name),
        E.participants(
            E.Participant(
                E.actions(*(E.action(action) for action in each.actions)), E.mediaAddress(each.user), E.mediaAddressType(),
                E.startTime(each.began), E.state(each.state), E.stateCause(), E.stateChangeTime(each.since),
            ),
        ),
        E.state(each.state),
        E.toAddress(),
        E.uri(f"{API}/Dialog/{each.id}"),
    )  # fmt: skip


def update(event: str, source: str, request_id: str, *data: etree._Element) -> str:
    """The text of a notification; `data` comes first, as in captures of a real one."""
    element = E.Update(E.data(*data), E.event(event), E.requestId(request_id), E.source(source))
    return etree.tostring(element, encoding="unicode")


def api_errors(error: CtiError, media: str = "") -> etree._Element:
    details = E.apiError(
        E.errorData(error.data), E.errorMessage(error.message), E.errorType(error.type)
    )
    if media:
        details.append(E.errorMedia(media))
    return E.apiErrors(details)
