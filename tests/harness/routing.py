"""What a call manager sends, and how it reads the answers."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "samples" / "curri"
HEADERS = {"Content-Type": "text/xml; charset=ISO-8859-1", "User-Agent": "CiscoUCM-HttpClient/1.0"}


def curri_request(calling: str, called: str) -> bytes:
    attributes = "".join(
        f'<Attribute AttributeId="urn:Cisco:uc:1.0:{name}">'
        f"<AttributeValue>{escape(value)}</AttributeValue></Attribute>"
        for name, value in (("callingnumber", calling), ("callednumber", called))
    )
    return (
        '<Request xmlns="urn:oasis:names:tc:xacml:2.0:context:schema:os">'
        f"<Subject>{attributes}</Subject></Request>"
    ).encode("iso-8859-1", "xmlcharrefreplace")


@dataclass(frozen=True)
class CurriAnswer:
    """An answer as a call manager understands it."""

    verdict: str
    directive: str = ""
    destination: str = ""
    announcement: str = ""
    caller_name: str = ""


def read_answer(body: bytes) -> CurriAnswer:
    """Read an answer, and check that its obligation agrees with its verdict."""
    root = etree.fromstring(body)
    assert root.tag == "Response"
    verdict = root.findtext("Result/Decision") or ""
    if verdict == "Indeterminate":
        return CurriAnswer(verdict)
    (obligation,) = root.findall("Result/Obligations/Obligation")
    assert obligation.get("FulfillOn") == verdict
    cixml = etree.fromstring(obligation.findtext("AttributeAssignment/AttributeValue") or "")
    assert (cixml.tag, cixml.get("ver")) == ("cixml", "1.0")
    directive = cixml[0]
    assert (directive.tag == "reject") == (verdict == "Deny")
    announce, modify = directive.find("announce"), directive.find("modify")
    return CurriAnswer(
        verdict,
        str(directive.tag),
        destination=directive.findtext("destination") or "",
        announcement="" if announce is None else announce.get("identification", ""),
        caller_name="" if modify is None else modify.get("callingname", ""),
    )
