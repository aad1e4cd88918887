"""Finesse's XML, both ways, without any I/O: requests out; answers, refusals and notifications in.

The objects are `objects`'; a field's name is its element's. Spelling is folded on the way in, because Finesse writes `<User>` over
HTTP and `<user>` in notifications, `ReasonCode` here and `reasonCode` there. Element order never counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote

from lxml import etree

from callcard.errors import FinesseInvalidResponse, InvalidField
from callcard.finesse import objects
from callcard.finesse.objects import (
    ActionParam,
    ApiError,
    CallVariable,
    ClientLog,
    Dialog,
    DialogRequest,
    MediaProperties,
    MobileAgent,
    TeamMessage,
    Update,
    User,
)

_T = TypeVar("_T")

_parser = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What to send: the path below the node's address, the body, if any, and the range of a long list."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    body: bytes | None = None
    range: str = ""


API = "/finesse/api"


# ---- requests: reading


def get(*path: str, query: str = "", range: str = "") -> Request:
    """GET of what lies at `path` below /finesse/api, each part escaped."""
    return Request("GET", _path(*path) + (f"?{query}" if query else ""), None, range)


def get_reason_codes(user: str, category: Literal["NOT_READY", "LOGOUT"]) -> Request:
    return get("User", user, "ReasonCodes", query=f"category={category}")


def get_team_resource(team: str, resource: str, query: str = "", range: str = "") -> Request:
    """ReasonCodes (with category=…), WrapUpReasons, MediaPropertiesLayouts, PhoneBooks or Workflows of a team; 12.5 and later."""
    return get("TeamResource", team, resource, query=query, range=range)


def contacts(first: int, last: int) -> str:
    """The Range header for a part of the phone books' contacts, which are counted from 1; Finesse gives at most 6,000."""
    return f"objects={first}-{last}"


# ---- requests: the agent


def sign_in(user: str, extension: str, mobile: MobileAgent | None = None) -> Request:
    """Again, by somebody signed in, keeps their state."""
    return _put("User", user, sent=User(state="LOGIN", extension=extension, mobile_agent=mobile))


def set_state(
    user: str, state: str, reason_code_id: str | None, *, all_media: bool = False
) -> Request:
    """READY, NOT_READY, LOGOUT; by a supervisor for a team member too, then without a reason."""
    return _put(
        "User",
        user,
        sent=User(
            state=state,
            reason_code_id=reason_code_id or "",
            logout_all_media="true" if all_media else "",
        ),
    )


def log(user: str, lines: str) -> Request:
    return Request("POST", _path("User", user, "ClientLog"), write(ClientLog(log_data=lines)))


# ---- requests: calls


def make_call(
    user: str, from_address: str, to_address: str, variables: tuple[CallVariable, ...] = ()
) -> Request:
    """UCCX refuses `variables`."""
    properties = MediaProperties(call_variables=variables) if variables else None
    return _begin(
        user,
        DialogRequest(
            requested_action="MAKE_CALL",
            from_address=from_address,
            to_address=to_address,
            media_properties=properties,
        ),
    )


def silent_monitor(supervisor: str, from_address: str, to_address: str) -> Request:
    return _begin(
        supervisor,
        DialogRequest(
            requested_action="SILENT_MONITOR", from_address=from_address, to_address=to_address
        ),
    )


def barge(supervisor: str, from_address: str, to_address: str, monitoring: str) -> Request:
    """`monitoring` is the id of the supervisor's own monitoring dialog."""
    return _begin(
        supervisor,
        DialogRequest(
            requested_action="BARGE_CALL",
            from_address=from_address,
            to_address=to_address,
            associated_dialog_uri=_path("Dialog", monitoring),
        ),
    )


def take_action(
    dialog: str, action: str, target: str, to_address: str = "", **params: str
) -> Request:
    """`action` at the device `target`; `to_address` for CONSULT_CALL and TRANSFER_SST, `params` for SEND_DTMF and callbacks."""
    given = tuple(ActionParam(name=name, value=value) for name, value in params.items())
    sent = DialogRequest(
        requested_action=action,
        target_media_address=target,
        to_address=to_address,
        action_params=given,
    )
    return _put("Dialog", dialog, sent=sent)


def update_call_data(
    dialog: str,
    variables: tuple[CallVariable, ...] = (),
    wrap_up_reason: str = "",
    wrap_up_items: tuple[str, ...] = (),
) -> Request:
    """Names must be exact (`callVariable1`, `user.x`, `user.y[0]`); an empty value clears. `wrap_up_items` are UCCX's."""
    properties = MediaProperties(
        call_variables=variables, wrap_up_reason=wrap_up_reason, wrap_up_items=wrap_up_items
    )
    return _put(
        "Dialog",
        dialog,
        sent=DialogRequest(requested_action="UPDATE_CALL_DATA", media_properties=properties),
    )


# ---- requests: media, teams, configuration


def set_media(user: str, media: str, sent: objects.Media) -> Request:
    return _put("User", user, "Media", media, sent=sent)


def send_team_message(content: str, duration: int, teams: tuple[str, ...]) -> Request:
    """`duration` in seconds; `content` has at most 255 characters."""
    sent = TeamMessage(duration=str(duration), content=content, teams=teams)
    return Request("POST", _path("TeamMessage"), write(sent))


def delete_team_message(id: str) -> Request:
    return Request("DELETE", _path("TeamMessage", id))


def set_layout(layoutxml: str) -> Request:
    """Administrators, and on the primary node only."""
    return _put("LayoutConfig", "default", sent=objects.LayoutConfig(layoutxml=layoutxml))


def set_team_layout(team: str, layoutxml: str | None) -> Request:
    """None goes back to the default layout."""
    sent = objects.TeamLayoutConfig(
        use_default="true" if layoutxml is None else "false", layoutxml=layoutxml or ""
    )
    return _put("Team", team, "LayoutConfig", sent=sent)


# ---- answers


def read(body: bytes, kind: type[_T]) -> _T:
    """The object in `body`. Raises FinesseInvalidResponse if it is not a `kind`."""
    root = _parse(body)
    if _folded(root) != _tag(kind).lower():
        raise _unexpected(root, _tag(kind))
    return _read(root, kind)


def read_user(body: bytes) -> User:
    user = read(body, User)
    if not user.login_id:
        raise FinesseInvalidResponse("Finesse answered a User without a loginId")
    return user


def read_list(body: bytes, kind: type[_T]) -> tuple[_T, ...]:
    """The objects of a list such as `<Dialogs>`: none, one or many; or a single one that came without its list."""
    root = _parse(body)
    if _folded(root) == _tag(kind).lower():
        return (_read(root, kind),)
    if _folded(root) not in (f"{_tag(kind)}s".lower(), f"{_tag(kind)}list".lower()):
        raise _unexpected(root, f"{_tag(kind)}s")
    return tuple(_read(child, kind) for child in root if _folded(child) == _tag(kind).lower())


def read_api_errors(body: bytes) -> tuple[ApiError, ...]:
    """The errors in a refusal's body; none if the body is not `ApiErrors`: a refusal may come from something in between."""
    try:
        return read_list(body, ApiError)
    except FinesseInvalidResponse:
        return ()


# ---- notifications

_KINDS: dict[str, type] = {
    kind.__name__.lower(): kind
    for kind in (
        User,
        Dialog,
        objects.Team,
        objects.Queue,
        objects.Media,
        objects.SystemInfo,
        TeamMessage,
        objects.PhoneBook,
    )
}


def read_update(text: str) -> Update:
    """The Update that a notification's text holds. Raises FinesseInvalidResponse.

    `text` is what the XML parser made of `<notification>`: unescaped once, and parsed here as a document of its own.
    """
    root = _parse(text.encode())
    if _folded(root) != "update":
        raise _unexpected(root, "Update")
    parts = {_folded(child): child for child in root}
    found: list[Any] = []
    errors: list[ApiError] = []
    data = parts.get("data")
    for child in () if data is None else data:
        name = _folded(child)
        if name == "apierrors":
            errors += [_read(each, ApiError) for each in child if _folded(each) == "apierror"]
        elif name in _KINDS:
            found.append(_read(child, _KINDS[name]))
        elif name.endswith("s") and name[:-1] in _KINDS:
            found += [
                _read(each, _KINDS[name[:-1]]) for each in child if _folded(each) == name[:-1]
            ]
    return Update(
        event=_text(parts.get("event")).upper(),
        source=_text(parts.get("source")).rstrip("/"),
        request_id=_text(parts.get("requestid")),
        objects=tuple(found),
        errors=tuple(errors),
    )


# ---- writing


def write(sent: Any) -> bytes:
    """An object as a document; what is empty is left out."""
    return etree.tostring(_element(sent, _tag(type(sent))), encoding="UTF-8", xml_declaration=True)


def write_update(update: Update) -> str:
    """An Update as the text of a notification."""
    root = etree.Element("Update")
    data = etree.SubElement(root, "data")
    for each in update.objects:
        name = _tag(type(each))
        data.append(_element(each, name[0].lower() + name[1:]))
    if update.errors:
        errors = etree.SubElement(data, "apiErrors")
        for error in update.errors:
            element = etree.SubElement(errors, "apiError")
            for each in fields(error):
                if value := getattr(error, each.name):
                    _write_text(element, "error" + each.name.capitalize(), value)
    for name, value in (
        ("event", update.event),
        ("requestId", update.request_id),
        ("source", update.source),
    ):
        _write_text(root, name, value)
    return etree.tostring(root, encoding="unicode")


# ---- beneath


def _path(*parts: str) -> str:
    return "/".join((API, *(quote(part, safe="") for part in parts)))


def _put(*path: str, sent: Any) -> Request:
    return Request("PUT", _path(*path), write(sent))


def _begin(user: str, sent: DialogRequest) -> Request:
    return Request("POST", _path("User", user, "Dialogs"), write(sent))


def _tag(kind: type) -> str:
    return "Dialog" if kind is DialogRequest else kind.__name__


def _parse(body: bytes) -> etree._Element:
    # A document type is refused before the parser sees it: entities in attributes are expanded even with resolve_entities off.
    if b"<!DOCTYPE" in body[:4096] or not body.strip():
        raise FinesseInvalidResponse(
            "Finesse answered nothing, or XML with a document type, which is not accepted"
        )
    try:
        root = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        what = (
            "an HTML page"
            if b"<html" in body[:4096].lower()
            else f"XML that can't be read ({_short(error)})"
        )
        raise FinesseInvalidResponse(f"Finesse answered {what}") from error
    if root is None or root.getroottree().docinfo.doctype:
        raise FinesseInvalidResponse(
            "Finesse answered XML with a document type, which is not accepted"
        )
    return root


def _unexpected(root: etree._Element, expected: str) -> FinesseInvalidResponse:
    name = etree.QName(root).localname
    what = "an HTML page" if name.lower() == "html" else f"<{name[:40]}>"
    return FinesseInvalidResponse(f"Finesse answered {what} where <{expected}> belongs")


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:120]


def _folded(node: etree._Element) -> str:
    return node.tag.lower() if isinstance(node.tag, str) else ""


def _text(node: etree._Element | None) -> str:
    return "" if node is None else (node.text or "").strip()


_Read = Callable[[etree._Element, dict[str, Any]], None]


@cache
def _plan(kind: Any) -> dict[str, _Read]:
    """For each child's folded name, what it does to the values of a `kind`. One pass over the children, no searching."""
    return {_folded_tag(each): _reading(each.name, dict(each.metadata)) for each in fields(kind)}


def _folded_tag(each: Any) -> str:
    return str(each.metadata.get("within") or _element_name(each)).lower()


def _element_name(each: Any) -> str:
    return str(each.metadata.get("tag") or re.sub(r"_(.)", lambda m: m[1].upper(), each.name))


def _reading(name: str, told: dict[str, Any]) -> _Read:
    kind, tag = told.get("kind"), str(told.get("tag", "")).lower()
    one: Callable[[etree._Element], Any]
    if told.get("always"):
        one = lambda node: node.text or ""  # noqa: E731 - a value, in which blanks count
    else:
        one = _text if kind in (None, str) else lambda node: _read(node, cast("type", kind))

    def text(node: etree._Element, values: dict[str, Any]) -> None:
        values[name] = one(node)

    def inside(node: etree._Element, values: dict[str, Any]) -> None:
        values.setdefault(name, []).extend(one(child) for child in node if _folded(child) == tag)

    def beside(node: etree._Element, values: dict[str, Any]) -> None:
        values.setdefault(name, []).append(one(node))

    return text if not told.get("many") else inside if told.get("within") else beside


def _read(node: etree._Element, kind: type[_T]) -> _T:
    plan, values = _plan(cast("Hashable", kind)), dict[str, Any]()
    for child in node:
        if reading := plan.get(_folded(child)):
            reading(child, values)
    if "id" in plan and not values.get("id") and kind is objects.ReasonCode:
        # Older releases leave `id` out; it is always the tail of the uri.
        values["id"] = values.get("uri", "").rstrip("/").rpartition("/")[2]
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )


def _element(sent: Any, tag: str) -> etree._Element:
    element = etree.Element(tag)
    for each in fields(sent):
        value, told = getattr(sent, each.name), each.metadata
        name = _element_name(each)
        if isinstance(value, str):
            if value or told.get("always"):
                _write_text(element, name, value)
        elif told.get("many"):
            if value:
                parent = etree.SubElement(element, told["within"]) if told["within"] else element
                for item in value:
                    if isinstance(item, str):
                        _write_text(parent, name, item)
                    else:
                        parent.append(_element(item, name))
        elif value is not None:
            element.append(_element(value, name))
    return element


def _write_text(parent: etree._Element, name: str, value: str) -> None:
    try:
        etree.SubElement(parent, name).text = value
    except ValueError as error:  # control characters
        raise InvalidField(name, f"{name} holds a character that XML can't carry") from error
