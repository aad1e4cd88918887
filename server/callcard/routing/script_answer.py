"""A decision in the flat form that routing scripts of UCCX, CVP and ICM read, as JSON or XML."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lxml import etree

from callcard.routing.curri import xml_text
from callcard.routing.decision import Decision, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptAnswer:
    decision: Outcome
    """`continue`, `reject` or `divert`."""
    destination: str
    """The number to divert to, or empty."""
    announcement: str
    """The announcement to play before the call is rejected, or empty."""
    priority: bool
    name: str
    """The caller's name from the contact sources; empty if it is not known in time."""
    list: str
    """The number list that decided: `deny`, `allow` or empty."""
    reason: str
    """The reason of its entry."""
    flags: str
    """The reasons of the caller's flags, with `; ` between them."""


def script_answer(decision: Decision, caller_name: str) -> ScriptAnswer:
    return ScriptAnswer(
        decision=decision.outcome,
        destination=decision.destination,
        announcement=decision.announcement,
        priority=decision.is_priority,
        name=caller_name,
        list=decision.entry.list if decision.entry else "",
        reason=decision.entry.reason if decision.entry else "",
        flags="; ".join(entry.reason for entry in decision.flags),
    )


def as_xml(answer: ScriptAnswer) -> bytes:
    """Return the answer as `<decision>` with one element for each field."""
    root = etree.Element("decision")
    for name, value in asdict(answer).items():
        text = str(value).lower() if isinstance(value, bool) else value
        etree.SubElement(root, name).text = xml_text(text)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
