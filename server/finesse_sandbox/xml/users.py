"""XML of users, teams and the reason code of a state."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.builder import E

from finesse_sandbox.site import ReasonCode, SiteConfiguration, User
from finesse_sandbox.xml.document import API

_REASONED_STATES = ("NOT_READY", "LOGOUT")


def user_element(site: SiteConfiguration, user: User, tag: str = "User") -> etree._Element:
    """Return a user, as recorded: children in alphabetical order, reasons only in NOT_READY and
    LOGOUT."""
    uri = f"{API}/User/{user.id}"
    children = [
        E.dialogs(f"{uri}/Dialogs"),
        E.extension(user.extension),
        E.firstName(user.first_name),
        E.lastName(user.last_name),
        E.loginId(user.id),
        E.loginName(user.login_name or user.id),
        E.mediaType("1"),
        E.pendingState(user.pending_state),
        E.roles(*(E.role(role) for role in user.roles)),
        E.settings(E.wrapUpOnIncoming(user.wrap_up), E.wrapUpOnOutgoing("NOT_ALLOWED")),
        E.state(user.state),
        E.stateChangeTime(user.state_since),
        E.teamId(user.team),
        E.teamName(site.teams.get(user.team, "")),
        E.uri(uri),
        E.wrapUpTimer(str(user.wrap_up_seconds)),
    ]
    if user.state in _REASONED_STATES:
        if user.reason:
            children.append(reason_code_element(user.reason))
        if user.reason_id:
            children.append(E.reasonCodeId(user.reason_id))
    if user.mobile_agent:
        mobile = user.mobile_agent
        children.append(E.mobileAgent(E.dialNumber(mobile.dial_number), E.mode(mobile.mode)))
    if user.supervises:
        teams = (
            E.Team(E.id(id), E.name(site.teams.get(id, "")), E.uri(f"{API}/Team/{id}"))
            for id in user.supervises
        )
        children.append(E.teams(*teams))
    return E(tag, *sorted(children, key=lambda child: str(child.tag)))


def users_element(site: SiteConfiguration, users: Iterable[User]) -> etree._Element:
    return E.Users(*(user_element(site, user) for user in users))


def reason_code_element(code: ReasonCode, tag: str = "reasonCode") -> etree._Element:
    """Return a reason: `reasonCode` in a user, as recorded, `ReasonCode` as a resource."""
    return E(
        tag,
        E.category(code.category),
        E.code(str(code.code)),
        E.forAll("true"),
        E.id(code.id),
        E.label(code.label),
        E.systemCode(str(code.system).lower()),
        E.uri(f"{API}/ReasonCode/{code.id}" if code.id else ""),
    )


def team_element(site: SiteConfiguration, id: str, members: Iterable[User]) -> etree._Element:
    users = E.users(*(team_member_element(member) for member in members))
    return E.Team(E.uri(f"{API}/Team/{id}"), E.id(id), E.name(site.teams.get(id, "")), users)


def team_member_element(user: User, tag: str = "User") -> etree._Element:
    """Return a user's summary, as Team and its events have it."""
    element = E(
        tag,
        E.uri(f"{API}/User/{user.id}"),
        E.loginId(user.id),
        E.firstName(user.first_name),
        E.lastName(user.last_name),
        E.dialogs(f"{API}/User/{user.id}/Dialogs"),
        E.extension(user.extension),
        E.pendingState(user.pending_state),
        E.state(user.state),
        E.stateChangeTime(user.state_since),
    )
    if user.reason and user.state in _REASONED_STATES:
        element.append(reason_code_element(user.reason))
    return element
