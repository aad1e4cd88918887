"""What may be written into a call's data, and what becomes of it. Source: the developer guide's page Update Call Variable Data."""

from __future__ import annotations

import re

from lxml import etree

from finesse_sandbox.site import CtiError, Platform, Refusal, Site

_RESERVED = (
    "BACampaign",
    "BAAccountNumber",
    "BAResponse",
    "BAStatus",
    "BADialedListID",
    "BATimeZone",
    "BABuddyName",
    "BACustomerNumber",
)
_CALL_VARIABLE = re.compile(r"callVariable([1-9]|10)")
_ARRAY = re.compile(r"(user\..+)\[(\d+)\]")
ECC_BYTES = 2000
"""Names, values and indexes of all ECC variables of a call together."""
_LAST_INDEX = 254


def read(properties: etree._Element | None, site: Site, known: dict[str, str]) -> dict[str, str]:
    """The variables in a request's mediaProperties. Raises Refusal for what Finesse refuses at once."""
    found: dict[str, str] = {}
    for node in () if properties is None else properties.iterfind("callvariables/CallVariable"):
        name, value = node.findtext("name", ""), node.findtext("value") or ""
        if name in _RESERVED:
            raise Refusal(400, "Invalid Input", f"{name} can't be set", name)
        if name in found:
            raise Refusal(400, "Invalid Input", "Duplicate call variable", name)
        if not (_CALL_VARIABLE.fullmatch(name) or name in known or _declared(name, site)):
            raise Refusal(400, "Invalid Input", "Invalid call variable", name)
        found[name] = value
    return found


def judge(
    found: dict[str, str], known: dict[str, str], site: Site, platform: Platform
) -> tuple[dict[str, str], CtiError | None]:
    """What the platform makes of them beside the `known` ones: the values that it keeps, an ECC value cut to its length; or why it
    refuses them all."""
    kept: dict[str, str] = {}
    for name, value in found.items():
        # UCCE has no place for letters beyond Latin-1; UCCX has more room for alphabets and one byte less for text.
        charset = "latin-1" if platform == "ucce" else "utf-8"
        try:
            data = value.encode(charset)
        except UnicodeEncodeError:
            return {}, CtiError(
                "Invalid Input", "Call variable holds characters that are not supported", name
            )
        if _CALL_VARIABLE.fullmatch(name):
            if len(data) > (40 if platform == "ucce" else 39):
                return {}, CtiError("Invalid Input", "Call variable is too long", name)
            kept[name] = value
            continue
        array = _ARRAY.fullmatch(name)
        if array and int(array[2]) > _LAST_INDEX:
            return {}, CtiError("Invalid Input", "Array index is out of range", name)
        length = site.variables.get(f"{array[1]}[]" if array else name, ECC_BYTES)
        kept[name] = data[:length].decode(charset, "ignore")
    ecc = {name: value for name, value in (known | kept).items() if name.startswith("user.")}
    if sum(len(name.encode()) + len(value.encode()) for name, value in ecc.items()) > ECC_BYTES:
        return {}, CtiError("Invalid Input", "The ECC variables are too long together", "user.*")
    return kept, None


def _declared(name: str, site: Site) -> bool:
    array = _ARRAY.fullmatch(name)
    return (f"{array[1]}[]" if array else name) in site.variables
