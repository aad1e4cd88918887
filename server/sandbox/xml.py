"""The stand-in's XML, both ways: upper camel over HTTP, lower camel in events, as Finesse does it.

Written apart from `server.finesse.messages` on purpose: the two halves check each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.builder import E

from server.sandbox.switch import REASONS, CtiError, Dialog, Participant, ReasonCode, Refusal, Switch, User

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def document(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, standalone=True)


def read(body: bytes, root: str) -> dict[str, str]:
    """The texts of the root's children by name. Raises Refusal 400 for anything that is not a `root` in XML."""
    try:
        element = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(400, "Bad Request", "The body is not well-formed XML", str(error)[:100]) from error
    if element.tag != root or element.getroottree().docinfo.doctype:
        raise Refusal(400, "Bad Request", f"The body must be a <{root}>", str(element.tag)[:40])
    return {child.tag: (child.text or "").strip() for child in element if isinstance(child.tag, str)}


def refusal(error: Refusal) -> etree._Element:
    return E.ApiErrors(E.ApiError(E.ErrorType(error.type), E.ErrorMessage(error.message), E.ErrorData(error.data)))


def user(switch: Switch, person: User, tag: str = "User") -> etree._Element:
    uri = f"/finesse/api/User/{person.id}"
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
        E.settings(E.wrapUpOnIncoming("OPTIONAL"), E.wrapUpOnOutgoing("OPTIONAL")),
        E.extension(person.extension),
        E.firstName(person.first_name),
        E.lastName(person.last_name),
        E.teamId(person.team),
        E.teamName(switch.team_name),
        E.dialogs(f"{uri}/Dialogs"),
    )
    if person.reason:
        element.append(reason_code(person.reason))
    if person.supervises:
        teams = (E.Team(E.uri(f"/finesse/api/Team/{t}"), E.id(t), E.name(switch.team_name)) for t in person.supervises)
        element.append(E.teams(*teams))
    return element


def reason_code(code: ReasonCode) -> etree._Element:
    return E.ReasonCode(
        E.uri(f"/finesse/api/ReasonCode/{code.id}"),
        E.category(code.category),
        E.code(str(code.code)),
        E.label(code.label),
        E.forAll("true"),
        E.systemCode("false"),
        E.id(code.id),
    )


def reason_codes(category: str) -> etree._Element:
    return E.ReasonCodes(*(reason_code(code) for code in REASONS if code.category == category), category=category)


def dialogs(found: Iterable[Dialog]) -> etree._Element:
    return E.Dialogs(*(dialog(each) for each in found))


def listed(call: Dialog) -> etree._Element:
    """A call that comes into or leaves a user's collection, as events have it."""
    return E.dialogs(dialog(call))


def dialog(call: Dialog, tag: str = "Dialog") -> etree._Element:
    variables = (E.CallVariable(E.name(name), E.value(value)) for name, value in call.variables.items())
    return E(
        tag,
        E.associatedDialogUri(),
        E.fromAddress(call.from_address),
        E.id(call.id),
        E.mediaProperties(
            E.mediaId("1"),
            E.DNIS(call.dialed),
            E.callType(call.call_type),
            E.dialedNumber(call.dialed),
            E.queueName(call.queue),
            E.outboundClassification(),
            E.callvariables(*variables),
        ),
        E.mediaType("Voice"),
        E.participants(*(_participant(each) for each in call.participants)),
        E.state(call.state),
        E.toAddress(call.to_address),
        E.uri(f"/finesse/api/Dialog/{call.id}"),
    )


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


def team(switch: Switch, id: str, members: Iterable[User]) -> etree._Element:
    uri = f"/finesse/api/Team/{id}"
    return E.Team(E.uri(uri), E.id(id), E.name(switch.team_name), E.users(*(_member(each) for each in members)))


def _member(person: User) -> etree._Element:
    element = E.User(
        E.uri(f"/finesse/api/User/{person.id}"),
        E.loginId(person.id),
        E.firstName(person.first_name),
        E.lastName(person.last_name),
        E.dialogs(f"/finesse/api/User/{person.id}/Dialogs"),
        E.extension(person.extension),
        E.pendingState(person.pending),
        E.state(person.state),
        E.stateChangeTime(person.since),
    )
    if person.reason:
        element.append(reason_code(person.reason))
    return element


def system_info(switch: Switch, host: str, status: str) -> etree._Element:
    return E.SystemInfo(
        E.currentTimestamp(switch.now()),
        E.deploymentType(switch.platform.upper()),
        E.primaryNode(E.host(host)),
        E.secondaryNode(E.host()),
        E.status(status),
        E.systemAuthMode("NON_SSO"),
        E.timezoneOffset("0"),
        E.uri("/finesse/api/SystemInfo"),
        E.xmppDomain(host),
        E.xmppPubSubDomain(f"pubsub.{host}"),
    )


def update(event: str, source: str, request_id: str, *data: etree._Element) -> str:
    """The text of a notification; `data` comes first, as in captures of a real one."""
    element = E.Update(E.data(*data), E.event(event), E.requestId(request_id), E.source(source))
    return etree.tostring(element, encoding="unicode")


def api_errors(error: CtiError) -> etree._Element:
    details = E.apiError(E.errorData(error.data), E.errorMessage(error.message), E.errorType(error.type))
    return E.apiErrors(details)
