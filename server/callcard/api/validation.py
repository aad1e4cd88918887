"""What is wrong with a body, said as the field and what it must be."""

from __future__ import annotations

import re

import msgspec

from callcard.errors import InvalidField


def invalid_field(error: msgspec.ValidationError) -> InvalidField:
    """Return msgspec's error about a body as one that names the field."""
    message, _, place = str(error).partition(" - at `$")
    named = re.search(r"field `([^`]+)`", message)  # when it is missing or unknown
    return InvalidField(place.strip("`.") or (named[1] if named else "body"), message)
