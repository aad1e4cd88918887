"""Finesse's XML, both ways, without any I/O: requests out, answers and refusals in.

The words are Finesse's own (User, Dialog, Participant). What it adds in later releases is left out of the dataclasses, never an
error: states and actions are open sets of strings. Sources: the Finesse developer guide's pages User, Dialog, ReasonCode,
SystemInfo and API errors, releases 12.5 to 15.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from lxml import etree

from server.errors import FinesseGarbled

_parser = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)


@dataclass(frozen=True, slots=True)
class Request:
    """What to send: the path below the node's address, and the body, if any."""

    method: Literal["GET", "PUT", "POST"]
    path: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """`id` is what a state change sends (a database id); `code` is the number that reports show."""

    id: str
    code: str
    label: str
    category: str


@dataclass(frozen=True, slots=True)
class User:
    login_id: str
    login_name: str
    first_name: str
    last_name: str
    extension: str
    """Empty when signed out."""
    state: str
    state_change_time: str
    """ISO 8601, UTC; empty until a state event was seen since the server's start."""
    pending_state: str
    reason: ReasonCode | None
    team_id: str
    team_name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Participant:
    media_address: str
    state: str
    start_time: str
    state_change_time: str
    state_cause: str
    actions: tuple[str, ...]
    """What Finesse allows this participant now; dependable only for the asker's own participant."""


@dataclass(frozen=True, slots=True)
class Dialog:
    id: str
    state: str
    from_address: str
    to_address: str
    call_type: str
    dialed_number: str
    queue_name: str
    variables: tuple[tuple[str, str], ...]
    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True)
class SystemInfo:
    status: str
    """IN_SERVICE or OUT_OF_SERVICE."""
    deployment_type: str


@dataclass(frozen=True, slots=True)
class ApiError:
    type: str
    message: str
    data: str


# ---- requests


def get_user(user: str) -> Request:
    return Request("GET", f"/finesse/api/User/{_segment(user)}")


def set_state(user: str, state: str, reason_code_id: str | None) -> Request:
    fields = {"state": state} | ({"reasonCodeId": reason_code_id} if reason_code_id else {})
    return Request("PUT", f"/finesse/api/User/{_segment(user)}", _document("User", fields))


def get_reason_codes(user: str, category: Literal["NOT_READY", "LOGOUT"]) -> Request:
    return Request("GET", f"/finesse/api/User/{_segment(user)}/ReasonCodes?category={category}")


def get_dialogs(user: str) -> Request:
    return Request("GET", f"/finesse/api/User/{_segment(user)}/Dialogs")


def make_call(user: str, from_address: str, to_address: str) -> Request:
    fields = {"requestedAction": "MAKE_CALL", "fromAddress": from_address, "toAddress": to_address}
    return Request("POST", f"/finesse/api/User/{_segment(user)}/Dialogs", _document("Dialog", fields))


def take_action(dialog: str, action: str, target_media_address: str) -> Request:
    fields = {"targetMediaAddress": target_media_address, "requestedAction": action}
    return Request("PUT", f"/finesse/api/Dialog/{_segment(dialog)}", _document("Dialog", fields))


def get_system_info() -> Request:
    return Request("GET", "/finesse/api/SystemInfo")


# ---- answers


def read_user(body: bytes) -> User:
    """The User in `body`. Raises FinesseGarbled if there is none with a loginId."""
    root = _read(body, "User")
    text = _texts(root)
    if not text.get("loginId"):
        raise FinesseGarbled("Finesse answered a User without a loginId")
    roles = tuple(role.text or "" for node in _children(root, "roles") for role in _children(node, "role"))
    reasons = [_reason_code(node) for name in ("ReasonCode", "reasonCode") for node in _children(root, name)]
    return User(
        login_id=text["loginId"],
        login_name=text.get("loginName", ""),
        first_name=text.get("firstName", ""),
        last_name=text.get("lastName", ""),
        extension=text.get("extension", ""),
        state=text.get("state", ""),
        state_change_time=text.get("stateChangeTime", ""),
        pending_state=text.get("pendingState", ""),
        reason=reasons[0] if reasons else None,
        team_id=text.get("teamId", ""),
        team_name=text.get("teamName", ""),
        roles=roles,
    )


def read_reason_codes(body: bytes) -> list[ReasonCode]:
    return [_reason_code(node) for node in _children(_read(body, "ReasonCodes"), "ReasonCode")]


def read_dialogs(body: bytes) -> list[Dialog]:
    return [_dialog(node) for node in _children(_read(body, "Dialogs"), "Dialog")]


def read_system_info(body: bytes) -> SystemInfo:
    text = _texts(_read(body, "SystemInfo"))
    return SystemInfo(status=text.get("status", ""), deployment_type=text.get("deploymentType", ""))


def read_api_errors(body: bytes) -> list[ApiError]:
    """The errors in a refusal's body; none if the body is not `ApiErrors`: a refusal may come from something in between."""
    try:
        root = _parse(body)
    except FinesseGarbled:
        return []
    if _name(root) != "ApiErrors":
        return []
    texts = [_texts(node) for node in _children(root, "ApiError")]
    return [ApiError(t.get("ErrorType", ""), t.get("ErrorMessage", ""), t.get("ErrorData", "")) for t in texts]


# ---- beneath


def _segment(value: str) -> str:
    return quote(value, safe="")


def _document(root: str, fields: dict[str, str]) -> bytes:
    element = etree.Element(root)
    for name, value in fields.items():
        etree.SubElement(element, name).text = value
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def _parse(body: bytes) -> etree._Element:
    # A document type is refused before the parser sees it: entities in attributes are expanded even with resolve_entities off.
    if b"<!DOCTYPE" in body[:4096] or not body.strip():
        raise FinesseGarbled("Finesse answered nothing, or XML with a document type, which is not accepted")
    try:
        root = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        what = "an HTML page" if b"<html" in body[:4096].lower() else f"XML that can't be read ({_short(error)})"
        raise FinesseGarbled(f"Finesse answered {what}") from error
    if root is None or root.getroottree().docinfo.doctype:
        raise FinesseGarbled("Finesse answered XML with a document type, which is not accepted")
    return root


def _read(body: bytes, expected: str) -> etree._Element:
    root = _parse(body)
    if _name(root) != expected:
        what = "an HTML page" if _name(root).lower() == "html" else f"<{_name(root)[:40]}>"
        raise FinesseGarbled(f"Finesse answered {what} where <{expected}> belongs")
    return root


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:120]


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in node if child.tag == name)


def _texts(node: etree._Element) -> dict[str, str]:
    """The text of each child by name. Iterating children is three times as fast as asking for them one by one."""
    return {child.tag: (child.text or "").strip() for child in node if isinstance(child.tag, str)}


def _reason_code(node: etree._Element) -> ReasonCode:
    text = _texts(node)
    # Older releases leave `id` out; it is always the tail of the uri.
    identity = text.get("id") or text.get("uri", "").rstrip("/").rpartition("/")[2]
    return ReasonCode(identity, text.get("code", ""), text.get("label", ""), text.get("category", ""))


def _dialog(node: etree._Element) -> Dialog:
    text = _texts(node)
    media: dict[str, str] = {}
    variables: list[tuple[str, str]] = []
    for properties in _children(node, "mediaProperties"):
        media = _texts(properties)
        for container in (*_children(properties, "callvariables"), *_children(properties, "callVariables")):
            pairs = (_texts(variable) for variable in _children(container, "CallVariable"))
            variables += [(pair.get("name", ""), pair.get("value", "")) for pair in pairs]
    participants = [_participant(p) for group in _children(node, "participants") for p in _children(group, "Participant")]
    return Dialog(
        id=text.get("id", ""),
        state=text.get("state", ""),
        from_address=text.get("fromAddress", ""),
        to_address=text.get("toAddress", ""),
        call_type=media.get("callType", ""),
        dialed_number=media.get("dialedNumber", ""),
        queue_name=media.get("queueName", ""),
        variables=tuple(variables),
        participants=tuple(participants),
    )


def _participant(node: etree._Element) -> Participant:
    text = _texts(node)
    actions = tuple((a.text or "").strip() for group in _children(node, "actions") for a in _children(group, "action"))
    return Participant(
        media_address=text.get("mediaAddress", ""),
        state=text.get("state", ""),
        start_time=text.get("startTime", ""),
        state_change_time=text.get("stateChangeTime", ""),
        state_cause=text.get("stateCause", ""),
        actions=actions,
    )
