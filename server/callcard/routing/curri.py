"""The routing rules interface of Unified CM (CURRI): its requests and the answers to them.

The call manager asks before it routes a call (XACML 2.0 over HTTP); the answer is to continue, to
reject or to divert. An answer that it cannot read counts as a failure, which its profile treats.
Requests: Cisco's developer page "CURRI Hello World", which writes the elements without capitals,
where real call managers write them with capitals. Answers: public samples, whose elements are in no
namespace. Uncertain: the largest request that a call manager sends.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from callcard.errors import MalformedRequest
from callcard.routing.decision import Decision

MAX_BYTES = 65_536
_STRING = "http://www.w3.org/2001/XMLSchema#string"
_ATTRIBUTE = "urn:Cisco:uc:1.0:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriRequest:
    calling: str
    """Empty if the caller withholds the number."""
    called: str


def parse(body: bytes, charset: str = "") -> CurriRequest:
    """Read a request. `charset` is the one of its Content-Type. Raises MalformedRequest."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedRequest("the request must have no document type")
    declares_encoding = b"encoding" in body[:100].partition(b"?>")[0]
    try:
        parser = etree.XMLParser(
            encoding=None if declares_encoding else charset or None,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise MalformedRequest("the body must be an XACML request in XML") from error
    if root is None or root.getroottree().docinfo.doctype:
        raise MalformedRequest("the request must have no document type")
    if etree.QName(root).localname.lower() != "request":
        raise MalformedRequest("the root must be <Request>")
    values = _attributes(root)
    called = values.get("callednumber") or values.get("transformedcdpn") or ""
    if not called:
        raise MalformedRequest(f"the request has no attribute {_ATTRIBUTE}callednumber")
    return CurriRequest(
        calling=values.get("callingnumber") or values.get("transformedcgpn") or "", called=called
    )


def _attributes(root: etree._Element) -> dict[str, str]:
    """Return Cisco's attributes by the last part of their name in lower case."""
    values: dict[str, str] = {}
    for element in root.iter():
        if not isinstance(element.tag, str) or _name(element) != "attribute":
            continue
        id = next((v for k, v in element.attrib.items() if str(k).lower() == "attributeid"), "")
        if not str(id).lower().startswith(_ATTRIBUTE.lower()):
            continue
        value = next((each for each in element if _name(each) == "attributevalue"), None)
        text = "" if value is None else (value.text or "").strip()
        values.setdefault(str(id)[len(_ATTRIBUTE) :].lower(), text)
    return values


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


# ---- answers


def answer(decision: Decision, caller_name: str = "") -> bytes:
    """Return the answer for a decision; `caller_name` is what phones show instead of the number."""
    match decision.outcome:
        case "reject":
            return _response("Deny", "deny.simple", _reject(decision))
        case "divert":
            return _response("Permit", "continue.simple", _divert(decision))
        case _:
            return _response("Permit", "simplecontinue", _continue(caller_name))


def failure() -> bytes:
    """Return the answer that leaves the call to what the profile says about failures."""
    result = etree.Element("Result")
    etree.SubElement(result, "Decision").text = "Indeterminate"
    return _document(result)


def _continue(caller_name: str) -> etree._Element:
    cixml = etree.Element("cixml", ver="1.0")
    go_on = etree.SubElement(cixml, "continue")
    if name := xml_text(caller_name):
        etree.SubElement(go_on, "modify", callingname=name)
    return cixml


def _reject(decision: Decision) -> etree._Element:
    cixml = etree.Element("cixml", ver="1.0")
    reject = etree.SubElement(cixml, "reject")
    if announcement := xml_text(decision.announcement):
        etree.SubElement(reject, "announce", identification=announcement)
    etree.SubElement(cixml, "reason").text = "number list"
    return cixml


def _divert(decision: Decision) -> etree._Element:
    cixml = etree.Element("cixml", ver="1.0")
    divert = etree.SubElement(cixml, "divert")
    etree.SubElement(divert, "destination").text = decision.destination
    etree.SubElement(cixml, "reason").text = "number list"
    return cixml


def _response(verdict: str, policy: str, cixml: etree._Element) -> bytes:
    result = etree.Element("Result")
    etree.SubElement(result, "Decision").text = verdict
    etree.SubElement(result, "Status")
    obligations = etree.SubElement(result, "Obligations")
    obligation = etree.SubElement(
        obligations,
        "Obligation",
        FulfillOn=verdict,
        ObligationId=policy if "." in policy else "urn:cisco:xacml:policy-attribute",
    )
    assignment = etree.SubElement(obligation, "AttributeAssignment", AttributeId=f"Policy:{policy}")
    value = etree.SubElement(assignment, "AttributeValue", DataType=_STRING)
    # The directive is text: a document within the document, escaped once.
    value.text = etree.tostring(cixml, encoding="unicode")
    return _document(result)


def _document(result: etree._Element) -> bytes:
    response = etree.Element("Response")
    response.append(result)
    return etree.tostring(response, encoding="UTF-8", xml_declaration=True)


def xml_text(text: str) -> str:
    """Return a text without the characters that XML cannot have, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
