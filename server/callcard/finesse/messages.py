"""Finesse's messages without I/O: requests out; responses, refusals and notifications in.

`codec` converts the objects in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from lxml import etree

from callcard.errors import FinesseInvalidResponse, InvalidField
from callcard.finesse import codec, objects, xml_fields
from callcard.finesse.objects import (
    ApiError,
    CallVariable,
    DialogAction,
    MediaProperties,
    MobileAgent,
    TeamMessage,
    Update,
    User,
)

_T = TypeVar("_T")

API = "/finesse/api"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a node. `range` is the Range header for a part of a long list."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    body: bytes | None = None
    range: str = ""


def is_safe_id(id: str) -> bool:
    """Return whether an id can be a part of a path and mean only itself, also unescaped.

    Servlet containers resolve "." and "..", and take what follows a ";" as a parameter.
    """
    return id not in (".", "..") and id.isprintable() and not set(id) & set("/\\;%")


# ---- requests that read


def get(*path: str, query: str = "", range: str = "") -> Request:
    """Return a GET of the resource at `path` below /finesse/api; each part is escaped."""
    return Request("GET", _path(*path) + (f"?{query}" if query else ""), None, range)


def get_reason_codes(user_id: str, category: Literal["NOT_READY", "LOGOUT"]) -> Request:
    return get("User", user_id, "ReasonCodes", query=f"category={category}")


def get_phone_books(user_id: str, first: int, last: int) -> Request:
    """Return a GET of the phone books' contacts `first` to `last`, counted from 1."""
    return get("User", user_id, "PhoneBooks", range=f"objects={first}-{last}")


# ---- commands about the agent


def sign_in(user_id: str, extension: str, mobile: MobileAgent | None = None) -> Request:
    """Return the request to sign in. A repeated one keeps the agent's state."""
    return _put("User", user_id, sent=User(state="LOGIN", extension=extension, mobile_agent=mobile))


def set_state(user_id: str, state: str, reason_code_id: str | None) -> Request:
    """Return the request to change the state to READY, NOT_READY or LOGOUT.

    One by a supervisor for a team member has no reason.
    """
    return _put("User", user_id, sent=User(state=state, reason_code_id=reason_code_id or ""))


# ---- commands about calls


@dataclass(frozen=True, slots=True, kw_only=True)
class _ActionParam:
    name: str = xml_fields.text()
    value: str = xml_fields.text(verbatim=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DialogRequest:
    """A command about a dialog; written as a `Dialog`."""

    requested_action: str = xml_fields.text()
    from_address: str = xml_fields.text()
    to_address: str = xml_fields.text()
    target_media_address: str = xml_fields.text()
    associated_dialog_uri: str = xml_fields.text()
    action_params: tuple[_ActionParam, ...] = xml_fields.children(
        _ActionParam, "ActionParam", "actionParams"
    )
    media_properties: MediaProperties | None = xml_fields.child(  # noqa: RUF009 - a declaration
        MediaProperties, "mediaProperties"
    )


def make_call(
    user_id: str, from_address: str, to_address: str, variables: tuple[CallVariable, ...] = ()
) -> Request:
    """Return the request to make a call. UCCX refuses `variables`."""
    sent = _DialogRequest(
        requested_action="MAKE_CALL",
        from_address=from_address,
        to_address=to_address,
        media_properties=MediaProperties(call_variables=variables) if variables else None,
    )
    return _start_dialog(user_id, sent)


def silent_monitor(supervisor_id: str, from_address: str, to_address: str) -> Request:
    """Return the request to listen to the call of the agent at `to_address`."""
    sent = _DialogRequest(
        requested_action="SILENT_MONITOR", from_address=from_address, to_address=to_address
    )
    return _start_dialog(supervisor_id, sent)


def barge(
    supervisor_id: str, from_address: str, to_address: str, monitor_dialog_id: str
) -> Request:
    """Return the request to barge in on the call that is monitored in `monitor_dialog_id`."""
    sent = _DialogRequest(
        requested_action="BARGE_CALL",
        from_address=from_address,
        to_address=to_address,
        associated_dialog_uri=_path("Dialog", monitor_dialog_id),
    )
    return _start_dialog(supervisor_id, sent)


def take_action(
    dialog_id: str, action: str, extension: str, to_address: str = "", **params: str
) -> Request:
    """Return the request to do `action` for the participant at `extension`.

    A consult and a transfer need `to_address`.
    """
    sent = _DialogRequest(
        requested_action=action,
        target_media_address=extension,
        to_address=to_address,
        action_params=tuple(_ActionParam(name=name, value=value) for name, value in params.items()),
    )
    return _put_dialog(dialog_id, sent)


def update_call_data(
    dialog_id: str,
    variables: tuple[CallVariable, ...] = (),
    wrap_up_reason: str = "",
    wrap_up_items: tuple[str, ...] = (),
) -> Request:
    """Return the request to change call variables and wrap-up reasons.

    Names must be exact (`callVariable1`, `user.x`, `user.y[0]`); an empty value clears.
    `wrap_up_items` are for UCCX.
    """
    properties = MediaProperties(
        call_variables=variables, wrap_up_reason=wrap_up_reason, wrap_up_items=wrap_up_items
    )
    sent = _DialogRequest(
        requested_action=DialogAction.UPDATE_CALL_DATA, media_properties=properties
    )
    return _put_dialog(dialog_id, sent)


# ---- team messages, layouts


def send_team_message(content: str, duration_seconds: int, team_ids: tuple[str, ...]) -> Request:
    """Return the request to send a message to teams. `content` has at most 255 characters."""
    sent = TeamMessage(duration=str(duration_seconds), content=content, teams=team_ids)
    return Request("POST", _path("TeamMessage"), codec.write(sent))


def delete_team_message(message_id: str) -> Request:
    """Return the request to delete a message to teams."""
    return Request("DELETE", _path("TeamMessage", message_id))


def set_layout(layout_xml: str) -> Request:
    """Return the request to set the default layout; for administrators, on the primary node."""
    return _put("LayoutConfig", "default", sent=objects.LayoutConfig(layoutxml=layout_xml))


def set_team_layout(team_id: str, layout_xml: str | None) -> Request:
    """Return the request to set a team's layout. None gives it the default layout again."""
    sent = objects.TeamLayoutConfig(
        use_default="true" if layout_xml is None else "false", layoutxml=layout_xml or ""
    )
    return _put("Team", team_id, "LayoutConfig", sent=sent)


def _path(*parts: str) -> str:
    for part in parts:
        if part in (".", ".."):  # quote() leaves them, and servers resolve them
            raise InvalidField("id", f"{part!r} is no id of Finesse's")
    return "/".join((API, *(quote(part, safe="") for part in parts)))


def _put(*path: str, sent: Any) -> Request:
    return Request("PUT", _path(*path), codec.write(sent))


def _put_dialog(dialog_id: str, sent: _DialogRequest) -> Request:
    return Request("PUT", _path("Dialog", dialog_id), codec.write(sent, "Dialog"))


def _start_dialog(user_id: str, sent: _DialogRequest) -> Request:
    return Request("POST", _path("User", user_id, "Dialogs"), codec.write(sent, "Dialog"))


# ---- responses


def read(body: bytes, kind: type[_T]) -> _T:
    """Return the object in `body`. Raises FinesseInvalidResponse if it is not a `kind`."""
    root = codec.parse(body)
    if codec.name(root) != kind.__name__.lower():
        raise codec.unexpected(root, kind.__name__)
    return codec.read_object(root, kind)


def read_user(body: bytes) -> User:
    user = read(body, User)
    if not user.login_id:
        raise codec.invalid_response("a User without a loginId")
    return user


def read_list(body: bytes, kind: type[_T]) -> tuple[_T, ...]:
    """Return the objects of a list such as `<Dialogs>`, or a single one sent without it."""
    root = codec.parse(body)
    tag = kind.__name__.lower()
    root_name = codec.name(root)
    if root_name == tag:
        return (codec.read_object(root, kind),)
    if root_name not in (f"{tag}s", f"{tag}list"):
        raise codec.unexpected(root, f"{kind.__name__}s")
    return tuple(codec.read_object(item, kind) for item in codec.named(root, tag))


def read_api_errors(body: bytes) -> tuple[ApiError, ...]:
    """Return the errors of a refusal; none if a proxy or Tomcat sent the body."""
    try:
        return read_list(body, ApiError)
    except FinesseInvalidResponse:
        return ()


# ---- notifications

_UPDATE_KINDS: dict[str, type] = {
    kind.__name__.lower(): kind
    for kind in (
        User,
        objects.Dialog,
        objects.Team,
        objects.Queue,
        objects.SystemInfo,
        TeamMessage,
        objects.PhoneBook,
    )
}


def read_update(text: str) -> Update:
    """Return the Update in a notification's text. Raises FinesseInvalidResponse.

    `text` is what the XML parser made of `<notification>`: unescaped once, and parsed here as a
    document of its own.
    """
    return read_update_element(codec.parse(text.encode()))


def read_update_element(root: etree._Element) -> Update:
    """Return the Update in an element, in any namespace. Raises FinesseInvalidResponse."""
    if codec.name(root) != "update":
        raise codec.unexpected(root, "Update")
    parts = {codec.name(part): part for part in root}
    changed: list[Any] = []
    errors: list[ApiError] = []
    for item in parts.get("data", ()):
        name = codec.name(item)
        singular = name.removesuffix("s")
        if name == "apierror":  # seen without the list around it
            errors.append(codec.read_object(item, ApiError))
        elif name == "apierrors":
            errors += [
                codec.read_object(error, ApiError) for error in codec.named(item, "apierror")
            ]
        elif name in _UPDATE_KINDS:
            changed.append(codec.read_object(item, _UPDATE_KINDS[name]))
        elif singular in _UPDATE_KINDS:
            kind = _UPDATE_KINDS[singular]
            changed += [codec.read_object(each, kind) for each in codec.named(item, singular)]
    return Update(
        event=codec.text(parts.get("event")).upper(),
        source=codec.text(parts.get("source")).rstrip("/"),
        request_id=codec.text(parts.get("requestid")),
        objects=tuple(changed),
        errors=tuple(errors),
    )
