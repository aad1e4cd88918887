"""The dial plan: from a number as a person wrote it to what the phone dials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcard.errors import InvalidField
from callcard.telephony import numbers
from callcard.telephony.numbers import DialRule


@dataclass(frozen=True, slots=True)
class DialPlan:
    country: str
    rules: Sequence[DialRule]
    internal: Sequence[str] = ()

    def address(self, to: str, own_extension: str) -> str:
        """Return what to dial for `to`, in any notation. Raises InvalidField."""
        parsed = numbers.read(to, self.country, self.internal)
        address, _rule = numbers.dial_string(parsed, self.country, self.rules)
        if address is None:
            raise InvalidField(
                "to", f"{to[:40]!r} cannot be dialled; write the number with its country code"
            )
        if address == own_extension:
            raise InvalidField("to", "this is the agent's own extension")
        return address
