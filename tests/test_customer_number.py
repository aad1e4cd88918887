"""The customer's number of a call: from variables, the original caller, or the caller."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from callcard.journal.customer_number import customer_number
from callcard.journal.report import CallReport, ReportedParticipant

CUSTOMER = "+12125550123"
OTHER = "+12125550199"
ANA = "1001"
BILAL = "1002"
DIALER = "5555"


def call(
    from_address: str,
    to_address: str,
    *devices: str,
    outside: tuple[str, ...] = (),
    **fields: Any,
) -> CallReport:
    """Return the report of a call between agents' devices and outside participants."""
    participants = [
        ReportedParticipant(address=device, state="ACTIVE", is_agent=True) for device in devices
    ]
    participants += [ReportedParticipant(address=each, state="ACTIVE") for each in outside]
    report = CallReport(
        id="1", from_address=from_address, to_address=to_address, participants=participants
    )
    return msgspec.structs.replace(report, **fields)


CASES = {
    "incoming call: the caller": (call(CUSTOMER, ANA, ANA, outside=(CUSTOMER,)), ANA, CUSTOMER),
    "outgoing call: the dialled number": (
        call(ANA, "912125550123", ANA, dialed_number=CUSTOMER, outside=(CUSTOMER,)),
        ANA,
        CUSTOMER,
    ),
    "outgoing call without a dialled number: the destination": (
        call(ANA, CUSTOMER, ANA),
        ANA,
        CUSTOMER,
    ),
    "transferred call: its original caller": (
        call(CUSTOMER, ANA, BILAL, outside=(CUSTOMER,), type="TRANSFER"),
        BILAL,
        CUSTOMER,
    ),
    "outgoing call transferred by its agent: the outside participant": (
        call(ANA, BILAL, BILAL, ANA, outside=(CUSTOMER,)),
        BILAL,
        CUSTOMER,
    ),
    "consult: the consulting agent": (
        call(ANA, BILAL, ANA, BILAL, type="CONSULT"),
        BILAL,
        ANA,
    ),
    "conference: the caller": (
        call(CUSTOMER, ANA, ANA, BILAL, outside=(CUSTOMER,), type="CONFERENCE"),
        BILAL,
        CUSTOMER,
    ),
    "preview on UCCX: the dialer's variable": (
        call(DIALER, ANA, ANA, variables={"BACustomerNumber": CUSTOMER}),
        ANA,
        CUSTOMER,
    ),
    "direct preview on UCCE: the callback number": (
        call(DIALER, ANA, ANA, callback_number=CUSTOMER),
        ANA,
        CUSTOMER,
    ),
    "courtesy callback: the site's variable, not the application": (
        call(OTHER, ANA, ANA, outside=(OTHER,), variables={"callVariable4": CUSTOMER}),
        ANA,
        CUSTOMER,
    ),
    "first configured variable wins": (
        call(OTHER, ANA, ANA, variables={"callVariable4": "+1999", "user.ani": f" {CUSTOMER} "}),
        ANA,
        CUSTOMER,
    ),
    "empty variables are ignored": (
        call(CUSTOMER, ANA, ANA, variables={"user.ani": " ", "callVariable4": ""}),
        ANA,
        CUSTOMER,
    ),
    "withheld number": (
        call("anonymous", ANA, ANA, outside=("anonymous",)),
        ANA,
        "anonymous",
    ),
    "internal call: the other agent": (call(BILAL, ANA, ANA, BILAL), ANA, BILAL),
    "internal call, as its caller sees it": (call(ANA, BILAL, ANA, BILAL), ANA, BILAL),
    "consult that survived a transfer: its agent has left": (
        call(ANA, BILAL, BILAL, outside=(CUSTOMER,), type="TRANSFER"),
        BILAL,
        CUSTOMER,
    ),
    "the same for the agent who was called": (
        call(BILAL, ANA, BILAL, outside=(CUSTOMER,)),
        BILAL,
        CUSTOMER,
    ),
    "transfer by an agent of another site": (
        call("7123", BILAL, BILAL, outside=(CUSTOMER,)),
        BILAL,
        CUSTOMER,
    ),
    "conference that has shrunk": (
        call(ANA, BILAL, BILAL, "1003", outside=(CUSTOMER,), type="CONFERENCE"),
        BILAL,
        CUSTOMER,
    ),
    "conference whose first customer has left": (
        msgspec.structs.replace(
            call(ANA, BILAL, BILAL),
            participants=[
                ReportedParticipant(address=BILAL, state="ACTIVE", is_agent=True),
                ReportedParticipant(address=OTHER, state="DROPPED"),
                ReportedParticipant(address=CUSTOMER, state="ACTIVE"),
            ],
        ),
        BILAL,
        CUSTOMER,
    ),
    "port of the IVR among the participants: the caller": (
        call(CUSTOMER, ANA, ANA, outside=("5501",)),
        ANA,
        CUSTOMER,
    ),
    "hidden caller without a participant": (call("", ANA, ANA), ANA, ""),
    "interim dialog of a transfer, the customer marked as an agent": (
        call(CUSTOMER, BILAL, BILAL, CUSTOMER),
        BILAL,
        CUSTOMER,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_customer_number(case: str) -> None:
    report, extension, number = CASES[case]
    assert customer_number(report, extension, ("user.ani", "callVariable4")) == number
