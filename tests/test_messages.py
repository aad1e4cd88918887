"""Finesse's XML: round trips of every object, the spellings of notifications, invalid documents."""

from __future__ import annotations

import dataclasses
import inspect
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from callcard.errors import FinesseInvalidResponse, InvalidField
from callcard.finesse import codec, messages, objects
from callcard.finesse.objects import (
    ApiError,
    CallVariable,
    Dialog,
    MediaProperties,
    Participant,
    ReasonCode,
    Team,
    Update,
    User,
)

OBJECTS = [
    kind
    for _name, kind in inspect.getmembers(objects, dataclasses.is_dataclass)
    if kind.__module__ == objects.__name__ and kind is not Update
]

# What XML can carry: no control characters, no lone surrogates, and no carriage return, which a
# parser reads as a line feed.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(CHARACTERS, max_size=8)
STRIPPED_TEXT = TEXT.map(str.strip)


def any_object(kind: type) -> st.SearchStrategy[Any]:
    """Return a strategy for objects of `kind` that survive a round trip."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for each in dataclasses.fields(kind):
        inner_kind = each.metadata.get("kind")
        if each.metadata.get("verbatim"):
            value = TEXT
        elif inner_kind in (None, str):
            value = STRIPPED_TEXT
        else:
            value = any_object(inner_kind)
        if kind is ReasonCode and each.name == "id":
            value = st.just("1")  # an empty one is read from the uri
        if each.metadata.get("within"):
            values[each.name] = st.lists(value, max_size=2).map(tuple)
        elif inner_kind:
            values[each.name] = st.none() | value
        else:
            values[each.name] = value
    return st.builds(kind, **values)


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_object_round_trip(kind: type) -> None:
    @settings(max_examples=30)
    @given(any_object(kind))
    def round_trip(sent: Any) -> None:
        assert messages.read(codec.write(sent), kind) == sent

    round_trip()


def write_update(update: Update) -> str:
    """Return an Update as the text of a notification."""
    root = etree.Element("Update")
    data = etree.SubElement(root, "data")
    for changed in update.objects:
        name = type(changed).__name__
        element = etree.fromstring(codec.write(changed))
        element.tag = name[0].lower() + name[1:]
        data.append(element)
    if update.errors:
        errors = etree.SubElement(data, "apiErrors")
        for error in update.errors:
            element = etree.fromstring(codec.write(error))
            element.tag = "apiError"
            for child in element:
                child.tag = str(child.tag).replace("Error", "error", 1)
            errors.append(element)
    etree.SubElement(root, "event").text = update.event
    etree.SubElement(root, "requestId").text = update.request_id
    etree.SubElement(root, "source").text = update.source
    return etree.tostring(root, encoding="unicode")


@settings(max_examples=50)
@given(
    st.sampled_from(["POST", "PUT", "DELETE"]),
    STRIPPED_TEXT,
    st.lists(any_object(User) | any_object(Dialog) | any_object(objects.Queue), max_size=2),
    st.lists(any_object(ApiError), max_size=2),
)
def test_notification_round_trip(
    event: str, request_id: str, changed: list[Any], errors: list[ApiError]
) -> None:
    sent = Update(
        event=event,
        source="/finesse/api/User/1",
        request_id=request_id,
        objects=tuple(changed),
        errors=tuple(errors),
    )
    assert messages.read_update(write_update(sent)) == sent


DIALOG = "<id>7</id><state>ACTIVE</state>"


@pytest.mark.parametrize(
    "text",
    [
        f"<Update><data><dialog>{DIALOG}</dialog></data><event>PUT</event>"
        "<requestId>r</requestId><source>/d/7</source></Update>",
        "<Update><event>put</event><source>/d/7</source><requestId>r</requestId>"
        f"<data><Dialog>{DIALOG}</Dialog></data></Update>",
        f"<Update><data><dialogs><Dialog>{DIALOG}</Dialog></dialogs></data><event>Put</event>"
        "<source>/d/7/</source><requestId>r</requestId></Update>",
        f"<update><data><Dialogs><dialog>{DIALOG}</dialog></Dialogs></data><Event> put </Event>"
        "<requestid>r</requestid><source>/d/7</source></update>",
        f"<Update xmlns='urn:xmpp:push:0'><data><dialog>{DIALOG}</dialog></data>"
        "<event>PUT</event><requestId>r</requestId><source>/d/7</source></Update>",
    ],
    ids=["lower case", "other order", "in a list", "mixed case", "namespace"],
)
def test_notification_spellings_are_equal(text: str) -> None:
    assert messages.read_update(text) == Update(
        event="PUT", source="/d/7", request_id="r", objects=(Dialog(id="7", state="ACTIVE"),)
    )


def test_list_of_one() -> None:
    team = messages.read(b"<Team><users><User><loginId>1</loginId></User></users></Team>", Team)
    assert [user.login_id for user in team.users] == ["1"]


@pytest.mark.parametrize(
    "body", [b"<Team><users/></Team>", b"<Team></Team>", b"<Team><users></users><users/></Team>"]
)
def test_missing_and_empty_lists_are_equal(body: bytes) -> None:
    assert messages.read(body, Team).users == ()


@pytest.mark.parametrize("body", [b"<Dialogs/>", b"<Dialogs>\n</Dialogs>"])
def test_empty_dialogs(body: bytes) -> None:
    assert messages.read_list(body, Dialog) == ()


def test_delete_notification_without_data() -> None:
    update = messages.read_update(
        "<Update><event>DELETE</event><source>/finesse/api/User/1</source></Update>"
    )
    assert (update.event, update.objects) == ("DELETE", ())


def test_unknown_values_are_kept_and_unknown_elements_ignored() -> None:
    body = b"""<Dialog><id>1</id><novelty><state>X</state></novelty><state>TELEPORTING</state>
      <mediaProperties><callvariables>
        <CallVariable><name>callVariable1</name><value> a </value></CallVariable>
        <CallVariable><name>user.x</name><value/></CallVariable>
      </callvariables></mediaProperties>
      <participants><Participant>
        <actions><action>LEVITATE</action></actions><state/>
      </Participant></participants></Dialog>"""
    dialog = messages.read(body, Dialog)
    assert dialog.state == "TELEPORTING"
    assert dialog.participants == (Participant(actions=("LEVITATE",)),)
    variables = (CallVariable(name="callVariable1", value=" a "), CallVariable(name="user.x"))
    assert dialog.media_properties == MediaProperties(call_variables=variables)


def test_call_type_null_after_failover_is_empty() -> None:
    body = b"<Dialog><mediaProperties><callType>NULL</callType></mediaProperties></Dialog>"
    assert messages.read(body, Dialog).properties.call_type == ""


def test_errors_in_answers_and_notifications_are_equal() -> None:
    expected = ApiError(type="Generic Error", message="CF_INVALID_OBJECT_STATE", data="22")
    answer = b"""<ApiErrors><ApiError><ErrorData>22</ErrorData><ErrorType>Generic Error</ErrorType>
      <ErrorMessage>CF_INVALID_OBJECT_STATE</ErrorMessage></ApiError></ApiErrors>"""
    notification = """<Update><data><apiErrors><apiError><errorData>22</errorData>
      <errorMessage>CF_INVALID_OBJECT_STATE</errorMessage><errorType>Generic Error</errorType>
      </apiError></apiErrors></data>
      <event>PUT</event><source>/finesse/api/Dialog/1</source></Update>"""
    assert messages.read_api_errors(answer) == (expected,)
    assert messages.read_update(notification).errors == (expected,)


def test_missing_reason_id_is_read_from_uri() -> None:
    body = (
        b"<ReasonCodes category='NOT_READY'><ReasonCode><uri>/finesse/api/ReasonCode/16</uri>"
        b"</ReasonCode></ReasonCodes>"
    )
    assert messages.read_list(body, ReasonCode)[0].id == "16"


def test_paths_are_escaped() -> None:
    assert messages.get("User", "a/b?c", query="x=1").path == "/finesse/api/User/a%2Fb%3Fc?x=1"


def test_command_body_holds_only_given_values() -> None:
    body = messages.take_action("7", "SEND_DTMF", "1001", dtmfString="1&2").body or b""
    root = etree.fromstring(body)
    assert [child.tag for child in root] == [
        "requestedAction",
        "targetMediaAddress",
        "actionParams",
    ]
    assert root.findtext("actionParams/ActionParam/value") == "1&2"


def test_empty_call_variable_is_written() -> None:
    variable = CallVariable(name="callVariable1", value="")
    root = etree.fromstring(messages.update_call_data("7", (variable,)).body or b"")
    assert root.find("mediaProperties/callvariables/CallVariable/value") is not None


def test_control_character_is_rejected() -> None:
    with pytest.raises(InvalidField, match="XML can't carry"):
        messages.set_state("1", "READY\x00", None)


A_USER = codec.write(User(login_id="1"))


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.integers(0, len(A_USER)).map(lambda length: A_USER[:length])
)
def test_invalid_xml_raises_only_the_documented_error(body: bytes) -> None:
    for kind in (User, Dialog, objects.SystemInfo, objects.PhoneBook, objects.Queue):
        with suppress(FinesseInvalidResponse):
            assert isinstance(messages.read(body, kind), kind)
        with suppress(FinesseInvalidResponse):
            assert isinstance(messages.read_list(body, kind), tuple)
    assert isinstance(messages.read_api_errors(body), tuple)
    with suppress(FinesseInvalidResponse):
        messages.read_update(body.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE l [<!ENTITY a 'aaaa'>]><User><loginId>&a;</loginId></User>",
        " " * 5000 + "<!DOCTYPE l [<!ENTITY a 'aaaa'>]><User loginId='&a;'/>",
        "<html><body>Sign in</body></html>",
        "<html xmlns='http://www.w3.org/1999/xhtml'><body>Sign in</body></html>",
        "<User><loginId>1",
        "<User>" * 300 + "</User>" * 300,
        "<User/>",
        "",
    ],
    ids=["doctype", "late doctype", "html", "xhtml", "cut off", "nested", "no id", "empty"],
)
def test_hostile_answer_is_rejected_with_reason(body: str) -> None:
    with pytest.raises(FinesseInvalidResponse, match="Finesse sent"):
        messages.read_user(body.encode())
