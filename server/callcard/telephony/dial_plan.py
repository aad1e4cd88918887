"""From what a person wrote or clicked to what the telephone dials: the site's dial rules, and whom nobody may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcard.actions.number_lists import Lists
from callcard.api.auth import Agent
from callcard.errors import DoNotCall, InvalidField
from callcard.telephony import numbers
from callcard.telephony.numbers import DialRule


@dataclass(frozen=True, slots=True)
class Dialplan:
    country: str
    rules: Sequence[DialRule]
    lists: Lists

    async def address(self, agent: Agent, to: str) -> str:
        """What to dial for `to`, in any spelling. Raises InvalidField if it is no number, DoNotCall (audited) if it is listed."""
        address, _rule = numbers.dialled(numbers.read(to, self.country), self.country, self.rules)
        if address is None:
            raise InvalidField(
                "to",
                f"{to[:40]!r} is not a number that can be dialled; write it with its country code",
            )
        if await self.lists.keeps_out("do-not-call", to, agent=agent.user.login_id):
            raise DoNotCall("This number is on the do-not-call list; a supervisor can take it off")
        if address == agent.user.extension:
            raise InvalidField("to", "that is the agent's own extension")
        return address
