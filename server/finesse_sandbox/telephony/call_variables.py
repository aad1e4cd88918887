"""Validation of call variables. Source: the developer guide's page Update Call Variable Data."""

from __future__ import annotations

import re

from lxml import etree

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import Platform, SiteConfiguration

ECC_LIMIT_BYTES = 2000
"""Names, values and indexes of all ECC variables of one call together."""
_LAST_INDEX = 254
_CALL_VARIABLE_BYTES = {"ucce": 40, "uccx": 39}
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


def read_variables(
    properties: etree._Element | None, site: SiteConfiguration, current: dict[str, str]
) -> dict[str, str]:
    """Return the variables in a request's mediaProperties.

    Raises ApiError for what Finesse rejects before it sends them to the platform.
    """
    variables: dict[str, str] = {}
    if properties is None:
        return variables
    for node in properties.iterfind("callvariables/CallVariable"):
        name = node.findtext("name", "")
        if name in _RESERVED:
            raise ApiError(400, "Invalid Input", f"{name} can't be set", name)
        if name in variables:
            raise ApiError(400, "Invalid Input", "Duplicate call variable", name)
        known = _CALL_VARIABLE.fullmatch(name) or name in current or _is_declared(name, site)
        if not known:
            raise ApiError(400, "Invalid Input", "Invalid call variable", name)
        variables[name] = node.findtext("value") or ""
    return variables


def fit_variables(
    variables: dict[str, str], current: dict[str, str], site: SiteConfiguration, platform: Platform
) -> tuple[dict[str, str], CtiError | None]:
    """Return the values as the platform stores them, or the error with which it rejects them all.

    The platform rejects a call variable that is too long, but truncates an ECC variable silently.
    """
    stored: dict[str, str] = {}
    for name, value in variables.items():
        # UCCE cannot store letters beyond Latin-1. UCCX counts UTF-8 and has one byte less.
        charset = "latin-1" if platform == "ucce" else "utf-8"
        try:
            data = value.encode(charset)
        except UnicodeEncodeError:
            message = "Call variable holds characters that are not supported"
            return {}, CtiError("Invalid Input", message, name)
        if _CALL_VARIABLE.fullmatch(name):
            if len(data) > _CALL_VARIABLE_BYTES[platform]:
                return {}, CtiError("Invalid Input", "Call variable is too long", name)
            stored[name] = value
            continue
        array = _ARRAY.fullmatch(name)
        if array and int(array[2]) > _LAST_INDEX:
            return {}, CtiError("Invalid Input", "Array index is out of range", name)
        length = site.variables.get(_declared_name(name), ECC_LIMIT_BYTES)
        stored[name] = data[:length].decode(charset, "ignore")
    ecc_bytes = 0
    for name, value in (current | stored).items():
        if name.startswith("user."):
            ecc_bytes += len(name.encode()) + len(value.encode())
    if ecc_bytes > ECC_LIMIT_BYTES:
        message = "The ECC variables are too long together"
        return {}, CtiError("Invalid Input", message, "user.*")
    return stored, None


def _declared_name(name: str) -> str:
    """Return the name that the administrator declared: `user.a[]` for an array."""
    array = _ARRAY.fullmatch(name)
    return f"{array[1]}[]" if array else name


def _is_declared(name: str, site: SiteConfiguration) -> bool:
    return _declared_name(name) in site.variables
