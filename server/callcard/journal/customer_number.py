"""Which of a call's numbers is the customer's. Pure.

What routing scripts and the dialer wrote into the call's variables counts first: a courtesy callback or a dialer's call shows the
application's own number otherwise. Then whoever is outside, then who called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DIALER = ("BACustomerNumber",)
"""The dialer's own variable for the customer's number (UCCX). Source: the developer guide's page Dialog, outbound."""


def number_of(
    *,
    variables: Mapping[str, str],
    named: Sequence[str],
    callback_number: str,
    outgoing: bool,
    dialed: str,
    from_address: str,
    to_address: str,
    extension: str,
    devices: Sequence[str],
    parties: Sequence[str],
) -> str:
    """The number of the call's customer, as it came.

    `named` are the site's variables for it, the most dependable first. `devices` are agents' phones among the `parties`.
    """
    for name in (*named, *DIALER):
        if told := variables.get(name, "").strip():
            return told
    if callback_number:  # a direct preview: without the dialer's prefix
        return callback_number
    outside = [party for party in parties if party not in devices and party != extension]
    if outgoing:
        return dialed or to_address
    # A call that an agent had dialled and then handed on shows that agent as its caller.
    if from_address in devices and len(outside) == 1:
        return outside[0]
    return from_address
