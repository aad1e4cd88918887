"""Finesse's XML: every object there and back, every spelling of a notification, and rubbish of all kinds."""

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
from callcard.finesse import messages, objects
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
    for _name, kind in inspect.getmembers(objects, inspect.isclass)
    if dataclasses.is_dataclass(kind) and kind.__module__ == objects.__name__ and kind is not Update
]

# What XML can carry: no controls, no lone surrogates, and no carriage return, which a parser reads as a line's end.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(CHARACTERS, max_size=8)


def whole(kind: type) -> st.SearchStrategy[Any]:
    """Any object of `kind`; texts without outer blanks, which are not kept, except where a value is."""
    given_fields: dict[str, st.SearchStrategy[Any]] = {}
    for each in dataclasses.fields(kind):
        inner = each.metadata.get("kind")
        one = TEXT.map(str.strip) if inner in (None, str) else whole(inner)
        if each.metadata.get("always"):
            one = TEXT
        if kind is ReasonCode and each.name == "id":
            one = st.just("1")  # one that is missing is taken from the uri
        if each.metadata.get("many"):
            given_fields[each.name] = st.lists(one, max_size=2).map(tuple)
        elif inner:
            given_fields[each.name] = st.none() | one
        else:
            given_fields[each.name] = one
    return st.builds(kind, **given_fields)


@pytest.mark.parametrize(
    "kind", [k for k in OBJECTS if k is not objects.DialogRequest], ids=lambda kind: kind.__name__
)
def test_every_object_survives_the_way_there_and_back(kind: type) -> None:
    @settings(max_examples=30)
    @given(whole(kind))
    def there_and_back(sent: Any) -> None:
        assert messages.read(messages.write(sent), kind) == sent

    there_and_back()


@settings(max_examples=50)
@given(
    st.sampled_from(["POST", "PUT", "DELETE"]),
    TEXT.map(str.strip),
    st.lists(whole(User) | whole(Dialog) | whole(objects.Media) | whole(objects.Queue), max_size=2),
    st.lists(whole(ApiError), max_size=2),
)
def test_a_notification_survives_the_way_there_and_back(
    event: str, id: str, found: list[Any], errors: list[ApiError]
) -> None:
    sent = Update(
        event=event,
        source="/finesse/api/User/1",
        request_id=id,
        objects=tuple(found),
        errors=tuple(errors),
    )
    assert messages.read_update(messages.write_update(sent)) == sent


A_USER = messages.write(User(login_id="1"))
DIALOG = "<id>7</id><state>ACTIVE</state>"


@pytest.mark.parametrize(
    "text",
    [
        f"<Update><data><dialog>{DIALOG}</dialog></data><event>PUT</event><requestId>r</requestId><source>/d/7</source></Update>",
        f"<Update><event>put</event><source>/d/7</source><requestId>r</requestId><data><Dialog>{DIALOG}</Dialog></data></Update>",
        f"<Update><data><dialogs><Dialog>{DIALOG}</Dialog></dialogs></data><event>Put</event><source>/d/7/</source>"
        "<requestId>r</requestId></Update>",
        f"<update><data><Dialogs><dialog>{DIALOG}</dialog></Dialogs></data><Event> put </Event><requestid>r</requestid>"
        "<source>/d/7</source></update>",
    ],
)
def test_the_spellings_of_a_notification_mean_the_same(text: str) -> None:
    update = messages.read_update(text)
    expected = Update(
        event="PUT", source="/d/7", request_id="r", objects=(Dialog(id="7", state="ACTIVE"),)
    )
    assert update == expected


def test_one_many_missing_and_empty_look_alike() -> None:
    team = messages.read(b"<Team><users><User><loginId>1</loginId></User></users></Team>", Team)
    assert [user.login_id for user in team.users] == ["1"]
    for none in (
        b"<Team><users/></Team>",
        b"<Team></Team>",
        b"<Team><users></users><users/></Team>",
    ):
        assert messages.read(none, Team).users == ()
    for none in (b"<Dialogs/>", b"<Dialogs>\n</Dialogs>"):
        assert messages.read_list(none, Dialog) == ()
    deleted = messages.read_update(
        "<Update><event>DELETE</event><source>/finesse/api/User/1</source></Update>"
    )
    assert (deleted.event, deleted.objects) == ("DELETE", ())


def test_unknown_values_survive_and_unknown_elements_do_no_harm() -> None:
    body = b"""<Dialog><id>1</id><novelty><state>X</state></novelty><state>TELEPORTING</state>
      <mediaProperties><callType>NULL</callType><callvariables><CallVariable><name>callVariable1</name><value> a </value>
      </CallVariable>      <CallVariable><name>user.x</name><value/></CallVariable></callvariables></mediaProperties>
      <participants><Participant><actions><action>LEVITATE</action></actions><state/></Participant></participants></Dialog>"""
    dialog = messages.read(body, Dialog)
    assert dialog.state == "TELEPORTING"
    assert dialog.participants == (Participant(actions=("LEVITATE",)),)
    variables = (CallVariable(name="callVariable1", value=" a "), CallVariable(name="user.x"))
    assert dialog.media_properties == MediaProperties(call_type="NULL", call_variables=variables)


def test_errors_of_answers_and_of_events_are_the_same_object() -> None:
    expected = ApiError(type="Generic Error", message="CF_INVALID_OBJECT_STATE", data="22")
    answer = """<ApiErrors><ApiError><ErrorData>22</ErrorData><ErrorType>Generic Error</ErrorType>
      <ErrorMessage>CF_INVALID_OBJECT_STATE</ErrorMessage></ApiError></ApiErrors>"""
    event = """<Update><data><apiErrors><apiError><errorData>22</errorData>
      <errorMessage>CF_INVALID_OBJECT_STATE</errorMessage><errorType>Generic Error</errorType></apiError></apiErrors></data>
      <event>PUT</event><source>/finesse/api/Dialog/1</source></Update>"""
    assert messages.read_api_errors(answer.encode()) == (expected,)
    assert messages.read_update(event).errors == (expected,)


def test_the_id_of_a_reason_may_have_to_be_taken_from_its_uri() -> None:
    body = b"<ReasonCodes category='NOT_READY'><ReasonCode><uri>/finesse/api/ReasonCode/16</uri></ReasonCode></ReasonCodes>"
    assert messages.read_list(body, ReasonCode)[0].id == "16"


def test_paths_are_escaped_and_bodies_hold_only_what_is_asked() -> None:
    assert messages.get("User", "a/b?c", query="x=1").path == "/finesse/api/User/a%2Fb%3Fc?x=1"
    body = messages.take_action("7", "SEND_DTMF", "1001", dtmfString="1&2").body or b""
    root = etree.fromstring(body)
    assert [child.tag for child in root] == [
        "requestedAction",
        "targetMediaAddress",
        "actionParams",
    ]
    assert root.findtext("actionParams/ActionParam/value") == "1&2"
    cleared = (
        messages.update_call_data("7", (CallVariable(name="callVariable1", value=""),)).body or b""
    )
    assert (
        etree.fromstring(cleared).find("mediaProperties/callvariables/CallVariable/value")
        is not None
    )
    with pytest.raises(InvalidField, match="XML can't carry"):
        messages.set_state("1", "READY\x00", None)


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.sampled_from([messages.write(User(login_id="1"))[:n] for n in range(60)])
)
def test_rubbish_is_a_garbled_answer_and_nothing_worse(rubbish: bytes) -> None:
    for kind in (User, Dialog, objects.SystemInfo, objects.PhoneBook, objects.Workflow):
        with suppress(FinesseInvalidResponse):
            assert isinstance(messages.read(rubbish, kind), kind)
        with suppress(FinesseInvalidResponse):
            assert isinstance(messages.read_list(rubbish, kind), tuple)
    assert isinstance(messages.read_api_errors(rubbish), tuple)
    with suppress(FinesseInvalidResponse):
        messages.read_update(rubbish.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "bad",
    [
        "<!DOCTYPE l [<!ENTITY a 'aaaa'>]><User><loginId>&a;</loginId></User>",
        " " * 5000 + "<!DOCTYPE l [<!ENTITY a 'aaaa'>]><User loginId='&a;'/>",
        "<html><body>Sign in</body></html>",
        "<User xmlns='urn:other'><loginId>1</loginId></User>",
        "<User><loginId>1",
        "<User>" * 300 + "</User>" * 300,
        "",
    ],
)  # fmt: skip
def test_hostile_answers_are_refused_with_a_reason(bad: str) -> None:
    with pytest.raises(FinesseInvalidResponse) as caught:
        messages.read_user(bad.encode())
    assert "Finesse answered" in caught.value.detail
