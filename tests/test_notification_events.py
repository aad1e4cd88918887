"""What counts as an event: any namespace, any shape that a server was seen to send."""

from __future__ import annotations

import pytest

from callcard.finesse.notifications import (
    NotificationSession,
    ReadAgain,
    ServerPresence,
    UpdateEvent,
)
from callcard.finesse.objects import Update
from tests.harness.scripted_xmpp import GOOD, scripted_server
from tests.prosody import PUBSUB, next_notice

pytestmark = pytest.mark.anyio


def event(inner: str, sender: str = "pubsub.localhost") -> str:
    return (
        f"<message xmlns='jabber:client' from='{sender}'><event xmlns='{PUBSUB}#event'>"
        f"<items node='/n'><item><notification xmlns='{PUBSUB}'>{inner}</notification></item>"
        "</items></event></message>"
    )


ESCAPED = (
    "&lt;Update&gt;&lt;event&gt;put&lt;/event&gt;&lt;source&gt;/s&lt;/source&gt;&lt;/Update&gt;"
)


PUSH = "notification xmlns='urn:xmpp:push:0'"
"""As recorded on 12.5."""
NAKED = "<Update><event>PUT</event><source>/s</source></Update>"


async def test_valid_and_invalid_events() -> None:
    frames = [
        "<presence xmlns='jabber:client' from='finesse@localhost/a'/>",
        "<presence xmlns='jabber:client' from='somebody@localhost/a'/>",
        event(ESCAPED),
        event("<Update xmlns=''><event>PUT</event><source>/s</source></Update>"),
        event("&lt;Update&gt;"),
        event(ESCAPED, sender="1002@localhost"),
        "<message xmlns='urn:other' from='pubsub.localhost'/>",
        "<presence xmlns='jabber:client' from='finesse@localhost/a' type='unavailable'/>",
    ]
    async with scripted_server(*GOOD, *frames) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        update = Update(event="PUT", source="/s")
        assert [await next_notice(opened) for _ in range(5)] == [
            ServerPresence(True),
            UpdateEvent("/n", update),
            UpdateEvent("/n", update),
            ReadAgain(),
            ServerPresence(False),
        ]
        await opened.close()


READABLE = {
    "12.5's namespace": event(ESCAPED).replace(f"notification xmlns='{PUBSUB}'", PUSH),
    "elements with an inherited namespace": event(
        "<Update><event>PUT</event><source>/s</source></Update>"
    ),
    "elements in 12.5's namespace": event(
        "<Update><event>PUT</event><source>/s</source></Update>"
    ).replace(f"notification xmlns='{PUBSUB}'", PUSH),
    "no namespace at all": event(ESCAPED)
    .replace(f" xmlns='{PUBSUB}#event'", "")
    .replace(f" xmlns='{PUBSUB}'", "")
    .replace(" xmlns='jabber:client'", ""),
    "an update without a notification": event("").replace(
        f"<notification xmlns='{PUBSUB}'></notification>", NAKED
    ),
    "from the user's own account": event(ESCAPED, sender="1001@localhost"),
    "without a sender": event(ESCAPED).replace(" from='pubsub.localhost'", ""),
    "in capitals, and a slash at the end": event(
        ESCAPED.replace("Update", "UPDATE"), sender="PUBSUB.LOCALHOST"
    ).replace("'/n'", "'/n/'"),
    "pretty-printed": event("\n  " + ESCAPED.replace("&gt;&lt;", "&gt;\n    &lt;") + "\n"),
}
UNREADABLE = {
    "no content": event(""),
    "an item without a notification": event("").replace(
        f"<notification xmlns='{PUBSUB}'></notification>", ""
    ),
    "JSON": event('{"user": {"state": "READY"}}'),
    "cut off": event(ESCAPED[:40]),
    "another document": event("&lt;User&gt;&lt;/User&gt;"),
    "a document type": event("&lt;!DOCTYPE x&gt;" + ESCAPED),
    "another element": event("<x xmlns='urn:y'/>"),
}


@pytest.mark.parametrize("frame", READABLE.values(), ids=READABLE)
async def test_events_are_read_whatever_their_namespaces(frame: str) -> None:
    async with scripted_server(*GOOD, frame) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        assert await next_notice(opened) == UpdateEvent("/n", Update(event="PUT", source="/s"))
        await opened.close()


@pytest.mark.parametrize("frame", UNREADABLE.values(), ids=UNREADABLE)
async def test_unreadable_event_is_logged_once_and_has_everything_read(
    frame: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_server(*GOOD, frame, frame, event(ESCAPED)) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        assert [await next_notice(opened) for _ in range(3)] == [
            ReadAgain(),
            ReadAgain(),
            UpdateEvent("/n", Update(event="PUT", source="/s")),
        ]
        await opened.close()
    warnings = [each.message for each in caplog.records if "can't be read" in each.message]
    assert len(warnings) == 1
    assert "/n" in warnings[0]


@pytest.mark.parametrize("sender", ["1002@localhost", "1001@localhost/pidgin", "localhost.evil"])
async def test_events_of_other_senders_are_ignored(sender: str) -> None:
    async with scripted_server(*GOOD, event(ESCAPED, sender), event("")) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        assert await next_notice(opened) == ReadAgain()
        await opened.close()
