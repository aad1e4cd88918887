"""XML of an agent's state in each nonvoice Media."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.builder import E

from finesse_sandbox.site import SiteConfiguration
from finesse_sandbox.telephony.media_tasks import AgentMedia
from finesse_sandbox.xml.document import API
from finesse_sandbox.xml.users import reason_code_element


def media_list_element(site: SiteConfiguration, media: Iterable[AgentMedia]) -> etree._Element:
    return E.MediaList(*(media_element(site, each) for each in media))


def media_element(site: SiteConfiguration, media: AgentMedia, tag: str = "Media") -> etree._Element:
    element = E(
        tag,
        E.uri(f"{API}/User/{media.user}/Media/{media.id}"),
        E.description(media.name),
        E.dialogLogoutAction(media.logout_action),
        E.id(media.id),
        E.interruptible("true"),
        E.interruptAction(media.interrupt_action),
        E.maxDialogLimit(str(media.max_dialogs)),
        E.mediaConnected("true"),
        E.name(media.name),
        E.reasonCodeId(media.reason_id),
        E.routable(str(media.routable).lower()),
        E.state(media.state),
        E.stateChangeTime(media.state_since),
    )
    reason = site.reason(media.reason_id, media.state)
    if reason is not None:
        element.append(reason_code_element(reason, "ReasonCode"))
    return element
