"""Check call variables before Finesse is asked: it silently drops what does not fit. Pure.

Sources: the developer guide's pages Dialog and Update Call Variable Data, releases 12.5 to 15.0.
Sizes are bytes in the platform's character set: Latin-1 on UCCE, which cannot hold other letters,
UTF-8 on UCCX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from callcard.errors import InvalidField
from callcard.finesse.nodes import Platform

CALL_VARIABLE_BYTES: dict[Platform, int] = {"ucce": 40, "uccx": 39}
ECC_BYTES = 2000
"""Names and values of all ECC variables of a call together."""

_CALL_VARIABLE = re.compile(r"callVariable([1-9]|10)")
_ECC_VARIABLE = re.compile(r"user\.[\w.-]{1,64}(\[\d{1,3}\])?", re.ASCII)
_CHARSET: dict[Platform, str] = {"ucce": "latin-1", "uccx": "utf-8"}


def check(variables: Mapping[str, str], known: Mapping[str, str], platform: Platform) -> None:
    """Raise InvalidField for the first variable that cannot be stored unchanged.

    `known` are the variables that the call has already.
    """
    if not variables:
        raise InvalidField("variables", "give at least one variable")
    for name, value in variables.items():
        _check_variable(name, value, platform)
    ecc = {
        name: value for name, value in {**known, **variables}.items() if name.startswith("user.")
    }
    size = sum(
        len(name.encode()) + _size(name, value, platform, lenient=True)
        for name, value in ecc.items()
    )
    if size > ECC_BYTES:
        raise InvalidField(
            "variables",
            f"ECC variables (user.…) have {size} bytes with their names; {ECC_BYTES} are allowed",
        )


def _check_variable(name: str, value: str, platform: Platform) -> None:
    field = f"variables.{name[:40]}"
    if name.startswith("BA"):
        raise InvalidField(field, f"{name} belongs to the dialer and cannot be changed")
    is_call_variable = _CALL_VARIABLE.fullmatch(name)
    if not is_call_variable and not _ECC_VARIABLE.fullmatch(name):
        raise InvalidField(
            field, "names are callVariable1 to callVariable10, user.name or user.name[0]"
        )
    if not value.isprintable():
        raise InvalidField(field, f"{name} must be one line of printable characters")
    size = _size(name, value, platform)
    limit = CALL_VARIABLE_BYTES[platform]
    if is_call_variable and size > limit:
        raise InvalidField(field, f"{name} has {size} bytes; {limit} are allowed: shorten it")


def _size(name: str, value: str, platform: Platform, *, lenient: bool = False) -> int:
    try:
        return len(value.encode(_CHARSET[platform], "replace" if lenient else "strict"))
    except UnicodeEncodeError as error:
        character = value[error.start]
        raise InvalidField(
            f"variables.{name}", f"this Finesse cannot store the character {character!r}"
        ) from error
