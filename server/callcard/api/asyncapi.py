"""The AsyncAPI 3.0 document of the events, generated from their types."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from callcard import __version__
from callcard.actions.event_feed import type_of
from callcard.api.event_stream import EVENTS
from callcard.api.openapi import describe_fields
from callcard.events import Event

DESCRIPTION = (
    "GET as server-sent events, or as a long poll, which answers with the same events as a list. "
    "An agent's own Finesse credential, an API key or a token for the scope `events`."
)


def document() -> dict[str, Any]:
    kinds = get_args(Event)
    _references, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    describe_fields(kinds, components)
    messages = {}
    for kind in kinds:
        data = components.pop(kind.__name__)
        data.pop("title", None)
        messages[kind.__name__] = {
            "name": type_of(kind),
            "summary": data.pop("description", ""),
            "contentType": "application/json",
            "payload": _envelope(type_of(kind), data),
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Callcard events", "version": __version__, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": EVENTS,
                "description": "What the reader may see, in one order over all workers",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "sendEvents": {"action": "send", "channel": {"$ref": "#/channels/events"}},
        },
        "components": {"messages": messages},
    }


def _envelope(type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "type", "at", "data"],
        "properties": {
            "id": {"type": "string", "description": "its place in the order, for `Last-Event-ID`"},
            "type": {"const": type},
            "at": {"type": "string", "format": "date-time"},
            "data": data,
        },
    }
