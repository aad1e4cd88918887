"""The actions on a call, their arguments, and what shows that one took effect. Pure."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.errors import InvalidField
from callcard.finesse.objects import DialogAction

ACTIONS = {
    "answer": DialogAction.ANSWER,
    "hold": DialogAction.HOLD,
    "retrieve": DialogAction.RETRIEVE,
    "drop": DialogAction.DROP,
    "consult": DialogAction.CONSULT,
    "complete-transfer": DialogAction.COMPLETE_TRANSFER,
    "conference": DialogAction.CONFERENCE,
    "transfer": DialogAction.TRANSFER,
    "dtmf": DialogAction.SEND_DIGITS,
    "record": DialogAction.START_RECORDING,
    "data": DialogAction.UPDATE_CALL_DATA,
    "wrap-up": DialogAction.UPDATE_CALL_DATA,
    "accept": DialogAction.ACCEPT,
    "reject": DialogAction.REJECT,
    "close": DialogAction.CLOSE,
    "callback": DialogAction.SCHEDULE_CALLBACK,
    "cancel-callback": DialogAction.CANCEL_CALLBACK,
    "drop-participant": DialogAction.DROP_PARTICIPANT,
}
"""`transfer` is a single-step transfer; `complete-transfer` follows a consult."""

EXPECTED_STATES = {
    "answer": ("ACTIVE",),
    "hold": ("HELD",),
    "retrieve": ("ACTIVE",),
    "drop": ("DROPPED", "WRAP_UP"),
    "consult": ("HELD",),
    "complete-transfer": ("DROPPED", "WRAP_UP"),
    "transfer": ("DROPPED", "WRAP_UP"),
    "conference": ("ACTIVE",),
    "accept": ("ACCEPTED", "DROPPED"),
    "reject": ("DROPPED",),
    "close": ("DROPPED",),
}
"""The agent's state in the call once an action has taken effect; the gadget has the same table."""

_ARGUMENTS = {
    "consult": ("to",),
    "transfer": ("to",),
    "dtmf": ("digits",),
    "data": ("variables",),
    "wrap-up": ("wrap_up_reasons",),
    "callback": ("callback_time", "callback_number"),
    "drop-participant": ("participant",),
}
_DIGITS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)
_CALLBACK_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


class CallArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of an action; each action takes its own and no other."""

    to: Annotated[
        str, Meta(max_length=128, description="consult, transfer: the number, in any spelling")
    ] = ""
    digits: Annotated[
        str, Meta(max_length=64, description="dtmf: 0 to 9, *, # and, on UCCE, A to D")
    ] = ""
    variables: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Annotated[str, Meta(max_length=2000)]],
        Meta(max_length=100, description="data: values by call variable; an empty value clears"),
    ] = {}
    wrap_up_reasons: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=200)]],
        Meta(max_length=20, description="wrap-up: labels of the team's reasons; one on UCCE"),
    ] = []
    callback_time: Annotated[
        str,
        Meta(max_length=16, description="callback: customer's local time, as in 2027-03-07T14:30"),
    ] = ""
    callback_number: Annotated[
        str, Meta(max_length=32, description="callback: the number to call then")
    ] = ""

    participant: Annotated[
        str, Meta(max_length=128, description="drop-participant: the address of who is to leave")
    ] = ""

    def check(self, action: str) -> None:
        """Raise InvalidField for a missing, superfluous or malformed argument of `action`."""
        accepted = _ARGUMENTS.get(action, ())
        for name in self.__struct_fields__:
            if getattr(self, name) and name not in accepted:
                raise InvalidField(name, f"{action} does not take {name}")
        if accepted and not any(getattr(self, name) for name in accepted):
            raise InvalidField(accepted[0], f"{action} needs {' or '.join(accepted)}")
        if self.digits and not _DIGITS.fullmatch(self.digits):
            raise InvalidField("digits", "digits are 0 to 9, *, # and, on UCCE, A to D; at most 64")
        if self.callback_time and not _CALLBACK_TIME.fullmatch(self.callback_time):
            raise InvalidField(
                "callback_time", "give the customer's local time, as in 2027-03-07T14:30"
            )
