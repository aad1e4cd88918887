"""The client reads Finesse's own XML.

The documents in samples/finesse are modelled on the vendor's developer guide and on public
recordings of real servers; each names its source.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from callcard.finesse import messages
from callcard.finesse.notifications import NotificationSession, UpdateEvent
from callcard.finesse.objects import (
    ApiError,
    CallVariable,
    Dialog,
    MediaProperties,
    MobileAgent,
    Participant,
    PhoneBook,
    PhoneBookContact,
    Queue,
    QueueStatistics,
    ReasonCode,
    ScheduledCallback,
    SystemInfo,
    SystemNode,
    Team,
    TeamName,
    Update,
    User,
    UserSettings,
)
from callcard.finesse.xmpp_base import Address, StreamLost, parse_stanza
from tests.conftest import ROOT

pytestmark = pytest.mark.anyio
SAMPLES = ROOT / "tests" / "samples" / "finesse"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


def sample_update(name: str) -> Update:
    return messages.read_update(sample(name).decode())


TRAINING = ReasonCode(
    uri="/finesse/api/ReasonCode/21",
    category="NOT_READY",
    code="40",
    label="Training",
    for_all="true",
    system_code="false",
    id="21",
)
CLAIMS = TeamName(uri="/finesse/api/Team/7", id="7", name="Claims")
OMAR = User(
    uri="/finesse/api/User/3002",
    roles=("Agent", "Supervisor"),
    login_id="3002",
    login_name="osaid",
    state="NOT_READY",
    state_change_time="2026-03-02T09:00:01.004Z",
    media_type="1",
    reason_code_id="-1",
    settings=UserSettings(wrap_up_on_incoming="OPTIONAL", wrap_up_on_outgoing="OPTIONAL"),
    extension="4102",
    first_name="Omar",
    last_name="Said",
    team_id="7",
    team_name="Claims",
    dialogs="/finesse/api/User/3002/Dialogs",
    teams=(CLAIMS,),
    wrap_up_timer="7200",
)
ACTIVE_ACTIONS = (
    "TRANSFER_SST",
    "CONSULT_CALL",
    "HOLD",
    "UPDATE_CALL_DATA",
    "SEND_DTMF",
    "DROP",
)


# ---- objects


def test_user() -> None:
    user = messages.read_user(sample("user"))
    assert user == User(
        uri="/finesse/api/User/3001",
        roles=("Agent", "Supervisor"),
        login_id="3001",
        login_name="nhartmann",
        state="NOT_READY",
        state_change_time="2026-03-02T08:15:30.250Z",
        media_type="1",
        reason_code_id="21",
        reason_code=TRAINING,
        settings=UserSettings(wrap_up_on_incoming="REQUIRED", wrap_up_on_outgoing="OPTIONAL"),
        extension="4101",
        mobile_agent=MobileAgent(mode="NAILED_CONNECTION", dial_number="2125550144"),
        first_name="Nora",
        last_name="Hartmann",
        team_id="7",
        team_name="Claims",
        dialogs="/finesse/api/User/3001/Dialogs",
        teams=(CLAIMS, TeamName(uri="/finesse/api/Team/9", id="9", name="Renewals")),
        wrap_up_timer="45",
    )
    assert user.full_name == "Nora Hartmann"


def test_incoming_dialog() -> None:
    dialog = messages.read(sample("dialog-incoming"), Dialog)
    variables = {"callVariable1": "K-20417", "callVariable2": " gold "}
    names = [*(f"callVariable{n}" for n in range(1, 11)), "user.case[0]"]
    values = {**dict.fromkeys(names, ""), **variables, "user.case[0]": "C-1"}
    assert dialog == Dialog(
        uri="/finesse/api/Dialog/18230417",
        id="18230417",
        secondary_id="18230455",
        media_type="Voice",
        from_address="2125550177",
        to_address="7100",
        callback_number="2125550177",
        media_properties=MediaProperties(
            media_id="1",
            dialed_number="7100",
            call_type="PREROUTE_ACD_IN",
            dnis="7100",
            queue_number="5022",
            queue_name="Claims.Voice",
            call_key_call_id="311",
            call_key_sequence_num="1",
            call_key_prefix="153880",
            wrap_up_reason="Claim opened",
            wrap_up_items=("Claim opened", "Call back needed"),
            call_variables=tuple(
                CallVariable(name=name, value=value) for name, value in values.items()
            ),
        ),
        participants=(
            Participant(
                actions=ACTIVE_ACTIONS,
                media_address="4101",
                media_address_type="AGENT_DEVICE",
                start_time="2026-03-02T08:20:00.120Z",
                state="ACTIVE",
                state_change_time="2026-03-02T08:20:09.871Z",
            ),
            Participant(
                media_address="2125550177",
                start_time="2026-03-02T08:20:00.118Z",
                state="ACTIVE",
                state_change_time="2026-03-02T08:20:09.871Z",
            ),
        ),
        state="ACTIVE",
    )
    assert dialog.call_key == "153880:311"
    assert dialog.associated_dialog == ""
    assert dialog.properties.wrap_up_reasons == ("Claim opened", "Call back needed")
    assert [participant.is_agent for participant in dialog.participants] == [True, False]


def test_consult_dialog() -> None:
    dialog = messages.read(sample("dialog-consult"), Dialog)
    assert (dialog.id, dialog.associated_dialog) == ("18230455", "18230417")
    assert dialog.properties.call_type == "CONSULT"
    assert dialog.properties.dnis == "4102"
    assert dialog.call_key == ""
    states = {p.media_address: (p.state, p.actions) for p in dialog.participants}
    assert states == {
        "4101": ("INITIATED", ("UPDATE_CALL_DATA", "DROP")),
        "4102": ("ALERTING", ("ANSWER",)),
    }


def test_outbound_dialog() -> None:
    dialog = messages.read(sample("dialog-outbound"), Dialog)
    assert dialog.scheduled_callback_info == ScheduledCallback(
        callback_time="2026-03-09T14:30", callback_number="2125550191"
    )
    assert dialog.properties.outbound_classification == "VOICE"
    assert {v.name: v.value for v in dialog.properties.call_variables} == {
        "BACampaign": "Renewals spring",
        "BACustomerNumber": "2125550190",
        "BAStatus": "PREVIEW_OUTBOUND",
    }


def test_dialogs() -> None:
    """The list form of GET /User/{id}/Dialogs; the dialogs are those of the other samples."""
    names = ("dialog-incoming", "dialog-consult")
    body = b"<Dialogs>" + b"".join(sample(name) for name in names) + b"</Dialogs>"
    dialogs = messages.read_list(body, Dialog)
    assert [dialog.id for dialog in dialogs] == ["18230417", "18230455"]


def test_api_errors() -> None:
    assert messages.read_api_errors(sample("api-errors")) == (
        ApiError(
            type="Parameter Missing",
            message="A valid reason code is required.",
            data="finesse.api.reasoncode.require_reasoncode",
        ),
    )


def test_reason_codes() -> None:
    training, pause = messages.read_list(sample("reason-codes"), ReasonCode)
    assert training == TRAINING  # its id is missing and read from the uri
    assert (pause.id, pause.code, pause.label, pause.for_all) == ("22", "41", "Break", "false")


def test_system_info() -> None:
    assert messages.read(sample("system-info"), SystemInfo) == SystemInfo(
        status="IN_SERVICE",
        deployment_type="UCCE",
        current_timestamp="2026-03-02T08:00:00.123Z",
        timezone_offset="60",
        last_cti_heartbeat_status="success",
        system_auth_mode="NON_SSO",
        xmpp_domain="fin-a.example",
        primary_node=SystemNode(
            host="fin-a.example", https_port="8445", xmpp_port="5222", xmpp_secure_port="5223"
        ),
        secondary_node=SystemNode(
            host="fin-b.example", https_port="8445", xmpp_port="5222", xmpp_secure_port="5223"
        ),
        uri="/finesse/api/SystemInfo",
    )


def test_phone_books() -> None:
    assert messages.read_list(sample("phone-books"), PhoneBook) == (
        PhoneBook(
            name="Partners",
            type="GLOBAL",
            contacts=(
                PhoneBookContact(
                    uri="/finesse/api/PhoneBook/3/Contact/11",
                    first_name="Anna",
                    last_name="Lindqvist",
                    phone_number="2125550160",
                    description="Repair shop",
                ),
                PhoneBookContact(
                    uri="/finesse/api/PhoneBook/3/Contact/12", phone_number="2125550161"
                ),
            ),
        ),
        PhoneBook(name="Claims desk", type="TEAM"),
    )


def test_team() -> None:
    team = messages.read(sample("team"), Team)
    assert (team.uri, team.id, team.name) == ("/finesse/api/Team/7", "7", "Claims")
    omar, lena = team.users
    assert omar == User(
        uri="/finesse/api/User/3002/",
        login_id="3002",
        state="LOGOUT",
        state_change_time="2026-03-02T07:58:21.345Z",
        first_name="Omar",
        last_name="Said",
        dialogs="/finesse/api/User/3002/Dialogs",
    )
    assert (lena.login_id, lena.extension, lena.state) == ("3003", "4103", "NOT_READY")
    assert lena.reason_code == ReasonCode(
        uri="/finesse/api/ReasonCode/22", category="NOT_READY", code="41", label="Break", id="22"
    )


def test_queue() -> None:
    assert messages.read(sample("queue"), Queue) == Queue(
        uri="/finesse/api/Queue/5022",
        name="Claims.Voice",
        statistics=QueueStatistics(
            calls_in_queue="4",
            start_time_of_longest_call_in_queue="2026-03-02T08:19:00Z",
            agents_ready="2",
            agents_not_ready="3",
            agents_busy_other="1",
            agents_logged_on="9",
            agents_talking_inbound="5",
            agents_talking_outbound="6",
            agents_talking_internal="7",
            agents_wrap_up_not_ready="8",
            agents_wrap_up_ready="0",
        ),
    )


# ---- notifications


def test_user_update() -> None:
    assert sample_update("update-user") == Update(
        event="PUT", source="/finesse/api/User/3002", objects=(OMAR,)
    )


def test_new_dialog_update() -> None:
    update = sample_update("update-dialogs-post")
    assert (update.event, update.source) == ("POST", "/finesse/api/User/3002/Dialogs")
    (dialog,) = update.objects
    assert (dialog.id, dialog.state, dialog.from_address) == ("18230417", "ALERTING", "2125550177")
    assert dialog.properties.call_variables == (
        CallVariable(name="callVariable1", value="K-20417"),
        CallVariable(name="user.media.server", value="http://media.example:7000/CVP"),
        CallVariable(name="user.case[0]", value="C-1"),
    )
    assert dialog.participant("4102").actions == ("ANSWER",)


def test_changed_dialog_update() -> None:
    update = sample_update("update-dialog-put")
    assert update.event == "PUT"
    assert update.source == "/finesse/api/Dialog/18230417"
    assert update.request_id == "5b0d7c1e-0f5e-4b9b-8a3c-2f1f6f4c9d10"
    (dialog,) = update.objects
    held = dialog.participant("4102")
    assert (held.state, held.actions) == ("HELD", ("UPDATE_CALL_DATA", "DROP", "RETRIEVE"))
    assert held.state_change_time == "2026-03-02T08:21:00.500Z"


def test_ended_dialog_update() -> None:
    """A call may end in any state: here the agent hung up before dialling."""
    update = sample_update("update-dialogs-delete")
    assert update.event == "DELETE"
    (dialog,) = update.objects
    assert (dialog.id, dialog.state, dialog.to_address) == ("18230431", "INITIATING", "")
    assert [(p.state, p.actions) for p in dialog.participants] == [("DROPPED", ())]


def test_error_update() -> None:
    assert sample_update("update-error") == Update(
        event="PUT",
        source="/finesse/api/User/3002",
        errors=(
            ApiError(
                type="Invalid Device",
                message="CF_INVALID_LOGON_DEVICE_SPECIFIED",
                data="260",
                peripheral_error_code="10125",
                peripheral_error_text="No device has this network target.",
                peripheral_error_msg="PERERR_TELDRIVE_NODEVICETARGETFORNETTARGETID",
            ),
        ),
    )


class StreamOfSamples:
    """An XMPP stream that receives what the test gives it."""

    jid = "3002@fin-b.example/callcard-1"

    def __init__(self) -> None:
        self.on_stanza: Callable[[etree._Element], None] = lambda stanza: None
        self.on_lost: Callable[[StreamLost], None] = lambda lost: None


@pytest.mark.parametrize("namespace", ["urn:xmpp:push:0", "http://jabber.org/protocol/pubsub"])
async def test_message_with_update(namespace: str) -> None:
    """A 12.5 server was recorded with the first namespace, others with the second."""
    stream = StreamOfSamples()
    address = Address("fin-b.example", 7443, "fin-b.example")
    session = NotificationSession(stream, address, 10)  # type: ignore[arg-type]  # it only receives
    _comment, _, message = sample("message-user").decode().partition("\n")
    stream.on_stanza(parse_stanza(message.replace("urn:xmpp:push:0", namespace)))
    assert session.take_waiting() == [
        UpdateEvent("/finesse/api/User/3002", sample_update("update-user"))
    ]
