"""A call manager and a routing script in front of the agents' phones.

Before a call from outside rings, the call manager asks a policy server (Unified CM's external call
control, CURRI) and a script asks for a decision, as the administrator of a real site sets them up.
Both go on if nobody answers: "Allow Calls" is the profile's treatment on failures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape

import httpx
from lxml import etree

MAX_HOPS = 12
"""Diversions of one call, as Unified CM's service parameter limits them."""
TIMEOUT_SECONDS = 2.0
"""The routing request timer that sites commonly set."""
MAX_ANSWER_BYTES = 65_536
_HEADERS = {
    "Content-Type": "text/xml; charset=ISO-8859-1",
    "methodName": "isRoleAccessAllowed",
    "User-Agent": "CiscoUCM-HttpClient/1.0",
}
_ATTRIBUTE = "urn:Cisco:uc:1.0:"

Outcome = Literal["ring", "reject"]


@dataclass(kw_only=True)
class Routing:
    """What became of a call before it rings."""

    outcome: Outcome = "ring"
    to: str
    caller_name: str = ""
    """What phones show instead of the number."""
    steps: list[dict[str, str]] = field(default_factory=list)
    """Each question: who asked, and the answer or the failure."""


class AnswerUnusable(Exception):
    """Nobody answered, or the answer cannot be read."""


class CallManager:
    """`curri_url` and `decision_url` are asked, in this order, if they are given."""

    def __init__(self, http: httpx.AsyncClient, curri_url: str, decision_url: str) -> None:
        self._http = http
        self._curri_url = curri_url
        self._decision_url = decision_url

    async def route(self, calling: str, dialled: str, phone: str) -> Routing:
        """Decide about a call to `dialled` that would ring at `phone`."""
        routing = Routing(to=phone)
        asked = dialled
        for _hop in range(MAX_HOPS):
            answers = [
                answer
                for answer in (
                    await self._ask_curri(calling, asked, routing),
                    await self._ask_script(calling, asked, routing),
                )
                if answer
            ]
            if any(answer["directive"] == "reject" for answer in answers):
                routing.outcome = "reject"
                return routing
            diverted = [each["destination"] for each in answers if each["directive"] == "divert"]
            if not diverted:
                return routing
            asked = routing.to = diverted[0]
        return routing

    async def _ask_curri(self, calling: str, called: str, routing: Routing) -> dict[str, str]:
        if not self._curri_url:
            return {}
        try:
            response = await self._http.post(
                self._curri_url,
                content=curri_request(calling, called),
                headers=_HEADERS,
                timeout=TIMEOUT_SECONDS,
            )
            answer = read_curri_answer(response.content)
        except (httpx.HTTPError, AnswerUnusable) as error:
            routing.steps.append({"by": "curri", "failure": str(error) or type(error).__name__})
            return {}
        routing.steps.append({"by": "curri", **answer})
        routing.caller_name = answer["caller_name"] or routing.caller_name
        return answer

    async def _ask_script(self, calling: str, called: str, routing: Routing) -> dict[str, str]:
        if not self._decision_url:
            return {}
        try:
            response = await self._http.get(
                self._decision_url,
                params={"ani": calling, "dnis": called},
                timeout=TIMEOUT_SECONDS,
            )
            response.raise_for_status()
            answer = _read_decision(response.json())
        except (httpx.HTTPError, ValueError, AnswerUnusable) as error:
            routing.steps.append({"by": "script", "failure": str(error) or type(error).__name__})
            return {}
        routing.steps.append({"by": "script", **answer})
        return answer


def curri_request(calling: str, called: str) -> bytes:
    """Return what Unified CM sends for a call: XACML 2.0, in the capitals of real servers."""
    known = "" if calling.lower() in ("anonymous", "private") else calling
    values = {
        "callingnumber": known,
        "callednumber": called,
        "transformedcgpn": known,
        "transformedcdpn": called,
        "callingdevicename": "SIP-TRUNK",
    }
    attributes = "".join(
        f'<Attribute AttributeId="{_ATTRIBUTE}{name}" '
        'DataType="http://www.w3.org/2001/XMLSchema#string">'
        f"<AttributeValue>{escape(value)}</AttributeValue></Attribute>"
        for name, value in values.items()
    )
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>'
        '<Request xmlns="urn:oasis:names:tc:xacml:2.0:context:schema:os">'
        f"<Subject>{attributes}</Subject></Request>"
    )
    return text.encode("iso-8859-1", "xmlcharrefreplace")


def read_curri_answer(body: bytes) -> dict[str, str]:
    """Return the directive of an answer. Raises AnswerUnusable, as Unified CM raises an alarm."""
    if len(body) > MAX_ANSWER_BYTES or b"<!DOCTYPE" in body:
        raise AnswerUnusable("the answer is too large or has a document type")
    try:
        root = _parse(body)
        verdict = root.findtext("{*}Result/{*}Decision") or ""
        directive = root.findtext(".//{*}AttributeValue") or ""
        cixml = _parse(directive.encode())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise AnswerUnusable("ErrorParsingDirectiveFromPDP") from error
    names = {child.tag for child in cixml}
    for name in ("reject", "divert", "continue"):
        if name in names:
            break
    else:
        raise AnswerUnusable("ErrorParsingDirectiveFromPDP")
    if (name == "reject") != (verdict == "Deny") or verdict not in ("Permit", "Deny"):
        raise AnswerUnusable(f"the directive {name} does not agree with the decision {verdict}")
    announce, modify = cixml.find("reject/announce"), cixml.find("continue/modify")
    return {
        "directive": name,
        "destination": cixml.findtext("divert/destination") or "",
        "announcement": "" if announce is None else announce.get("identification", ""),
        "caller_name": "" if modify is None else modify.get("callingname", ""),
    }


def _read_decision(content: Any) -> dict[str, str]:
    if not isinstance(content, dict) or content.get("decision") not in (
        "continue",
        "reject",
        "divert",
    ):
        raise AnswerUnusable("the answer has no decision")
    return {
        "directive": str(content["decision"]),
        "destination": str(content.get("destination", "")),
        "announcement": str(content.get("announcement", "")),
        "caller_name": str(content.get("name", "")),
    }


def _parse(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(body, parser)
    if root is None:
        raise ValueError("no document")
    return root
