"""`/asyncapi.json`: a schema for each event, which the events that are sent conform to."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from callcard.actions.event_feed import type_of
from callcard.api.asyncapi import document
from callcard.events import Event
from tests.harness.api_keys import make_key
from tests.harness.contact_centre import ContactCentre, service_client
from tests.harness.waiting import until
from tests.test_sessions import recorded_as

DOCS = Path(__file__).parent.parent / "server" / "callcard" / "docs" / "events.md"


@pytest.mark.anyio
async def test_events_conform_to_their_schemas(centre: ContactCentre) -> None:
    key = await make_key(centre, "events", "lists")
    async with service_client(centre.service.app) as program, centre.api() as agent:
        program.headers["X-API-Key"] = key
        session = (await agent.post("/sessions", json={"extension": "1001"})).json()
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await agent.post("/callbacks", json={"number": "+12125550199"})
        await centre.hang_up(call)
        await until(lambda: recorded_as(agent, call, "closing"))
        await centre.delivered()
        await program.post("/lists/flag", json={"number": "+12125550177", "reason": "late"})
        await agent.delete(f"/sessions/{session['id']}?keep_signed_in=1")
        async with centre.api("2001") as supervisor:
            await supervisor.post("/agents/1001/coach", json={"text": "Well done"})
        await centre.service.app.state.feed.flush()
        served = (await program.get("http://service/asyncapi.json")).json()
        events = (await program.get("/events?after=0")).json()["events"]
    schemas = {each["name"]: each["payload"] for each in served["components"]["messages"].values()}
    for event in events:
        Draft202012Validator(schemas[event["type"]]).validate(event)
    seen = {event["type"] for event in events}
    assert seen >= schemas.keys() - {"call-lost", "interaction-parked"}, "the test has few events"


def test_every_event_is_described_and_in_the_documentation() -> None:
    messages = document()["components"]["messages"]
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| ([^|]+) \|$", DOCS.read_text(), re.MULTILINE)
    documented = {name: re.findall(r"`(\w+)`", fields) for name, fields in rows}
    for kind in get_args(Event):
        message = messages[kind.__name__]
        assert message["summary"], kind
        fields = [field.name for field in dataclasses.fields(kind)]
        assert list(message["payload"]["properties"]["data"]["properties"]) == fields
        assert documented.pop(type_of(kind)) == fields
    assert not documented
