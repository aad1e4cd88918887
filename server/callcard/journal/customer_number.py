"""Decide which of a call's numbers is the customer's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from callcard.journal.report import CallReport

DIALER_VARIABLES = ("BACustomerNumber",)
"""The dialer's variable for the customer's number (UCCX). Source: developer guide, page Dialog,
outbound."""


def customer_number(
    report: CallReport, extension: str, number_variables: Sequence[str] = ()
) -> str:
    """Return the number of the customer, as the call brought it.

    `extension` is the reporting agent's; `number_variables` are the site's call variables that hold
    the number, the most reliable first. What routing scripts and the dialer wrote comes first,
    because a courtesy callback or a dialer's call otherwise shows the application's number; then
    the outside participant.
    """
    for name in (*number_variables, *DIALER_VARIABLES):
        if value := report.variables.get(name, "").strip():
            return value
    if report.callback_number:  # a direct preview: without the dialer's prefix
        return report.callback_number
    if report.from_address == extension:
        return report.dialed_number or report.to_address
    devices = report.agent_devices
    outside = [
        each.address
        for each in report.participants
        if each.address and each.address not in devices and each.address != extension
    ]
    # A call that an agent dialled and then transferred shows that agent as its caller.
    if report.from_address in devices and len(outside) == 1:
        return outside[0]
    return report.from_address
