"""Decide which of a call's numbers is the customer's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from callcard.journal.report import CallReport
from callcard.telephony import numbers

DIALER_VARIABLES = ("BACustomerNumber",)
"""The dialer's variable for the customer's number (UCCX). Source: developer guide, page Dialog,
outbound."""
_GONE = ("DROPPED", "WRAP_UP")


def customer_number(
    report: CallReport,
    extension: str,
    number_variables: Sequence[str] = (),
    *,
    country: str = "US",
    internal_numbers: Sequence[str] = (),
) -> str:
    """Return the number of the customer, as the call brought it; else that of the other party.

    `extension` is the reporting agent's; `number_variables` are the site's call variables that hold
    the number, the most reliable first. What routing scripts and the dialer wrote comes first,
    because a courtesy callback or a dialer's call otherwise shows the application's number.

    Finesse's caller and destination stay those of the first arrival, also when that agent has left:
    after a transfer the customer is the participant from outside (recorded on UCCE). On UCCX the
    participants are not reliable, so an outside caller comes before them.
    """
    for name in (*number_variables, *DIALER_VARIABLES):
        if value := report.variables.get(name, "").strip():
            return value
    if report.callback_number:  # a direct preview: without the dialer's prefix
        return report.callback_number
    other_party = report.from_address
    if report.from_address == extension:
        other_party = report.dialed_number or report.to_address
    devices = (*report.agent_devices, extension)

    def is_outside(address: str) -> bool:
        if address in devices:
            return False
        return numbers.read(address, country, internal_numbers).kind != "internal"

    if other_party and is_outside(other_party):
        return other_party
    others = [each for each in report.participants if each.address and each.address not in devices]
    present = [each.address for each in others if each.state not in _GONE] or [
        each.address for each in others
    ]
    outside = [address for address in present if is_outside(address)]
    if len(set(outside)) == 1:
        return outside[0]
    # The customer may call from a number that looks like an internal one.
    if other_party in devices and len(set(present)) == 1:
        return present[0]
    return other_party
