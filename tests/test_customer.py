"""Which number of a call is the customer's: what the site's variables say, else the original caller, else who called."""

from __future__ import annotations

import msgspec
import pytest

from callcard.journal.report import CallSeen, PartySeen, seen_of

CUSTOMER, OTHER = "+12125550123", "+12125550199"
ANA, BILAL, DIALER = "1001", "1002", "5555"


def call(
    from_address: str, to_address: str, *phones: str, outside: tuple[str, ...] = (), **told: object
) -> CallSeen:
    parties = [PartySeen(address=phone, state="ACTIVE", agent=True) for phone in phones]
    parties += [PartySeen(address=each, state="ACTIVE") for each in outside]
    fields = {"from_address": from_address, "to_address": to_address, "parties": parties, **told}
    return msgspec.convert({"id": "1", **fields}, CallSeen)


CASES = {
    "an incoming call: who calls": (call(CUSTOMER, ANA, ANA, outside=(CUSTOMER,)), ANA, CUSTOMER),
    "an outgoing call: who was dialled": (
        call(ANA, "912125550123", ANA, dialed=CUSTOMER, outside=(CUSTOMER,)),
        ANA,
        CUSTOMER,
    ),
    "dialled, without the number that was": (call(ANA, CUSTOMER, ANA), ANA, CUSTOMER),
    "a transferred call shows its original caller": (
        call(CUSTOMER, ANA, BILAL, outside=(CUSTOMER,), type="TRANSFER"),
        BILAL,
        CUSTOMER,
    ),
    "handed on by the agent who had dialled it": (
        call(ANA, BILAL, BILAL, ANA, outside=(CUSTOMER,)),
        BILAL,
        CUSTOMER,
    ),
    "a consult, as long as nothing else is known": (
        call(ANA, BILAL, ANA, BILAL, type="CONSULT"),
        BILAL,
        ANA,
    ),
    "a conference": (
        call(CUSTOMER, ANA, ANA, BILAL, outside=(CUSTOMER,), type="CONFERENCE"),
        BILAL,
        CUSTOMER,
    ),
    "a preview on UCCX: the dialer's variable": (
        call(DIALER, ANA, ANA, variables={"BACustomerNumber": CUSTOMER}),
        ANA,
        CUSTOMER,
    ),
    "a direct preview on UCCE: the callback number": (
        call(DIALER, ANA, ANA, callback_number=CUSTOMER),
        ANA,
        CUSTOMER,
    ),
    "a courtesy callback: the site's variable, not the application": (
        call(OTHER, ANA, ANA, outside=(OTHER,), variables={"callVariable4": CUSTOMER}),
        ANA,
        CUSTOMER,
    ),
    "an ECC variable counts before": (
        call(OTHER, ANA, ANA, variables={"callVariable4": "+1999", "user.ani": f" {CUSTOMER} "}),
        ANA,
        CUSTOMER,
    ),
    "an empty variable is none": (
        call(CUSTOMER, ANA, ANA, variables={"user.ani": " ", "callVariable4": ""}),
        ANA,
        CUSTOMER,
    ),
    "withheld stays withheld": (
        call("anonymous", ANA, ANA, outside=("anonymous",)),
        ANA,
        "anonymous",
    ),
    "between agents": (call(BILAL, ANA, ANA, BILAL), ANA, BILAL),
}


@pytest.mark.parametrize("case", CASES)
def test_the_customers_number(case: str) -> None:
    seen, extension, number = CASES[case]
    assert seen_of(seen, extension, ("user.ani", "callVariable4")).number == number
