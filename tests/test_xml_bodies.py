"""Sessions in XML: the same schema as in JSON, and hostile XML refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from callcard.api.schemas import SessionRequest
from callcard.api.xml_bodies import prefers_xml, read_xml, write_xml
from callcard.errors import CallcardError
from tests.harness.contact_centre import ContactCentre

XML = {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml"}
SIGN_IN = "<session><extension>1001</extension><ready>true</ready></session>"


def texts(response: httpx.Response) -> dict[str, str]:
    return {str(child.tag): child.text or "" for child in etree.fromstring(response.content)}


@pytest.mark.anyio
async def test_session_is_opened_and_closed_in_xml(centre: ContactCentre) -> None:
    async with centre.api("1001") as app:
        opened = await app.post("/sessions", content=SIGN_IN, headers=XML)
        assert (opened.status_code, opened.headers["content-type"]) == (201, "application/xml")
        session = texts(opened)
        assert etree.fromstring(opened.content).tag == "session"
        assert (session["agent"], session["state"]) == ("1001", "READY")
        assert session["connected"] in ("true", "false")
        in_json = (await app.post("/sessions", json={"extension": "1001"})).json()
        assert {name: session[name] for name in ("id", "agent", "extension")} == {
            name: in_json[name] for name in ("id", "agent", "extension")
        }
        reasons = (await app.get("/me")).json()
        query = {
            "reason": reasons["not_ready_reasons"][0]["id"],
            "sign_out_reason": reasons["sign_out_reasons"][0]["id"],
        }
        closed = await app.request(
            "DELETE", f"/sessions/{session['id']}", params=query, headers={"Accept": "text/xml"}
        )
        assert (closed.status_code, texts(closed)["state"]) == (200, "LOGOUT")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ("<session><extension>x</extension></session>", 422, "invalid-field", "extension"),
        ("<session><ready>perhaps</ready></session>", 422, "invalid-field", "ready"),
        ("<session><exten>1</exten></session>", 422, "invalid-field", "exten"),
        ("<session><ready><a/></ready></session>", 422, "invalid-field", "ready"),
        (
            "<session><extension>1</extension><extension>2</extension></session>",
            422,
            "invalid-field",
            "extension",
        ),
        ("<login><extension>1001</extension></login>", 400, "malformed-request", ""),
        ("<session>", 400, "malformed-request", ""),
        ("", 400, "malformed-request", ""),
        (
            '<!DOCTYPE s [<!ENTITY a "1001">]><session><extension>&a;</extension></session>',
            400,
            "malformed-request",
            "",
        ),
        ("<session>" + "<a>" * 300 + "</a>" * 300 + "</session>", 400, "malformed-request", ""),
    ],
)
async def test_rubbish_is_refused_with_the_field(
    centre: ContactCentre, body: str, status: int, code: str, field: str
) -> None:
    async with centre.api("1001") as app:
        refused = await app.post("/sessions", content=body, headers=XML)
        assert (refused.status_code, refused.headers["content-type"]) == (
            status,
            "application/problem+xml",
        )
        problem = texts(refused)
        assert (problem["code"], problem.get("field", "")) == (code, field)
        assert problem["detail"]


@pytest.mark.anyio
async def test_document_type_in_another_encoding_is_refused(centre: ContactCentre) -> None:
    body = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE s [<!ENTITY a "1">]><session/>'
    async with centre.api("1001") as app:
        refused = await app.post("/sessions", content=body.encode("utf-16"), headers=XML)
        assert (refused.status_code, texts(refused)["code"]) == (400, "malformed-request")


@pytest.mark.anyio
async def test_unexpected_error_is_xml_too(
    centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("callcard.actions.sessions.Sessions.open", fail)
    async with centre.api("1001") as app:
        failed = await app.post("/sessions", content=SIGN_IN, headers=XML)
        assert (failed.status_code, texts(failed)["code"]) == (500, "internal-error")


@pytest.mark.anyio
async def test_xml_is_taken_only_where_it_is_said(centre: ContactCentre) -> None:
    async with centre.api("1001") as app:
        body = "<callback><number>1</number></callback>"
        refused = await app.post("/callbacks", content=body, headers=XML)
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported-media-type")
        plain = {"Content-Type": "text/plain"}
        refused = await app.post("/sessions", content=SIGN_IN, headers=plain)
        assert refused.status_code == 415
        other_site = {**XML, "Origin": "https://elsewhere.example"}
        refused = await app.post("/sessions", content=SIGN_IN, headers=other_site)
        assert (refused.status_code, texts(refused)["code"]) == (403, "not-permitted")


@pytest.mark.parametrize(
    ("accept", "is_xml"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/xml", True),
        ("text/xml; q=0.9, application/json", True),
        ("application/json, text/xml", False),
        ("text/html, application/xml", True),
    ],
)
def test_xml_is_sent_to_who_names_it_first(accept: str, is_xml: bool) -> None:
    assert prefers_xml(accept) is is_xml


VALUES = st.dictionaries(
    st.sampled_from(["extension", "mobile_mode", "mobile_number", "ready", "other"]),
    st.one_of(
        st.booleans(),
        st.sampled_from(
            ["", "1001", "CALL_BY_CALL", "NAILED_CONNECTION", "+49 30", "ü<&>", "true"]
        ),
    ),
)


@given(VALUES)
def test_xml_means_what_the_same_json_means(values: dict[str, Any]) -> None:
    body = write_xml(values, "session")
    try:
        in_json = msgspec.json.decode(msgspec.json.encode(values), type=SessionRequest)
    except msgspec.ValidationError:
        return  # XML has texts only: "true" is also what a boolean looks like
    assert read_xml(body, SessionRequest, "session") == in_json


@pytest.mark.parametrize("values", [{"other": "1"}, {"extension": "x"}, {"ready": "1001"}])
def test_what_is_no_request_in_json_is_none_in_xml(values: dict[str, Any]) -> None:
    with pytest.raises(CallcardError):
        read_xml(write_xml(values, "session"), SessionRequest, "session")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(CallcardError):
        read_xml(data, SessionRequest, "session")
