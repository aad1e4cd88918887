"""What may be written into a call, before Finesse is asked: it cuts or drops in silence what does not fit. Pure.

Sources: the developer guide's pages Dialog and Update Call Variable Data, releases 12.5 to 15.0. Bytes are counted in the
platform's own character set: Latin-1 on UCCE, which has no place for other letters, UTF-8 on UCCX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from callcard.errors import InvalidField
from callcard.finesse.cluster import Platform

CALL_VARIABLE_BYTES: dict[Platform, int] = {"ucce": 40, "uccx": 39}
ECC_BYTES = 2000
"""Names and values of all ECC variables of a call together."""

_CALL_VARIABLE = re.compile(r"callVariable([1-9]|10)")
_ECC = re.compile(r"user\.[\w.-]{1,64}(\[\d{1,3}\])?", re.ASCII)
_CHARSET: dict[Platform, str] = {"ucce": "latin-1", "uccx": "utf-8"}


def check(variables: Mapping[str, str], known: Mapping[str, str], platform: Platform) -> None:
    """Raise InvalidField for the first of `variables` that can't be kept as it is, beside the call's `known` ones."""
    if not variables:
        raise InvalidField("variables", "give at least one variable")
    for name, value in variables.items():
        if name.startswith("BA"):
            raise InvalidField(
                f"variables.{name}", f"{name} is the dialer's own and can't be changed"
            )
        if not _CALL_VARIABLE.fullmatch(name) and not _ECC.fullmatch(name):
            raise InvalidField(
                f"variables.{name[:40]}",
                "names are callVariable1 to callVariable10, user.name or user.name[0]",
            )
        if not value.isprintable():
            raise InvalidField(
                f"variables.{name}", f"{name} may hold one line of printable characters"
            )
        size = _size(name, value, platform)
        if _CALL_VARIABLE.fullmatch(name) and size > CALL_VARIABLE_BYTES[platform]:
            raise InvalidField(
                f"variables.{name}",
                f"{name} may have {CALL_VARIABLE_BYTES[platform]} bytes, and this has {size}; shorten it",
            )
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
            f"the variables user.… may have {ECC_BYTES} bytes together, names too, and have {size}",
        )


def _size(name: str, value: str, platform: Platform, *, lenient: bool = False) -> int:
    try:
        return len(value.encode(_CHARSET[platform], "replace" if lenient else "strict"))
    except UnicodeEncodeError as error:
        wrong = value[error.start]
        raise InvalidField(
            f"variables.{name}",
            f"this Finesse can't keep the character {wrong!r}; write it otherwise",
        ) from error
