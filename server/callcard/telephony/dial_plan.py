"""The dial plan: from a number as a person wrote it to what the phone dials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import phonenumbers as pn

from callcard.errors import InvalidField
from callcard.telephony import numbers
from callcard.telephony.numbers import Number


@dataclass(frozen=True, slots=True)
class DialRule:
    """How one kind of number is dialled: `code`, then the digits that `kind` leaves.

    `kind` is internal, national, international, or a prefix such as +49.
    """

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind} -> {self.code}"


_DIAL_RULE = re.compile(
    r"\s*(internal|national|international|\+\d{1,15})\s*(?:->|→)\s*([+*#\d]{0,16})\s*", re.ASCII
)


def read_rules(texts: Iterable[str]) -> tuple[DialRule, ...]:
    """Parse dial rules, keeping their order. Raises ValueError that says how a rule is written."""
    rules = []
    for text in texts:
        match = _DIAL_RULE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a dial rule; write WHAT -> CODE,"
                " as in 'national -> 91', '+49 -> 0' or 'internal -> '"
            )
        rules.append(DialRule(match[1], match[2]))
    return tuple(rules)


def dialable(number: Number) -> str | None:
    """Return what Finesse dials for `number` without dial rules; None if it can't be dialled.

    E.164 for a public number, the digits or the feature code for an internal one.
    """
    if number.kind == "internal":
        return number.digits or number.display
    return number.e164


def dial_string(
    number: Number, country: str, rules: Sequence[DialRule] = ()
) -> tuple[str | None, DialRule | None]:
    """Return what Finesse dials for `number`, and the rule that made it.

    The first rule that fits is used; without one the result is that of `dialable()`.
    """
    plain = dialable(number)
    if plain is None:
        return None, None
    for rule in rules:
        dialled = _apply(rule, number, country)
        if dialled:
            return dialled, rule
    return plain, None


def _apply(rule: DialRule, number: Number, country: str) -> str | None:
    """Return what `rule` makes of `number`; None, or nothing to dial, if it does not fit.

    A national rule drops the country code. A trunk prefix belongs in the rule's code.
    """
    if rule.kind == "internal":
        fits = number.kind == "internal" and number.digits
        return rule.code + number.digits if fits else None
    if number.e164 is None:
        return None
    if rule.kind == "national":
        prefix = f"+{pn.country_code_for_region(country)}"
    elif rule.kind == "international":
        prefix = "+"
    else:
        prefix = rule.kind
    if not number.e164.startswith(prefix):
        return None
    return rule.code + number.e164.removeprefix(prefix)


@dataclass(frozen=True, slots=True)
class DialPlan:
    country: str
    rules: Sequence[DialRule]
    internal: Sequence[str] = ()

    def address(self, to: str, own_extension: str) -> str:
        """Return what to dial for `to`, in any notation. Raises InvalidField."""
        parsed = numbers.read(to, self.country, self.internal)
        address, _rule = dial_string(parsed, self.country, self.rules)
        if address is None:
            raise InvalidField(
                "to", f"{to[:40]!r} cannot be dialled; write the number with its country code"
            )
        if address == own_extension:
            raise InvalidField("to", "this is the agent's own extension")
        return address
