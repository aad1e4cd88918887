"""Two more contact sources for `callcard demo --sources`: one is slow, and one is dead."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from callcard.crm.local import LocalContacts
from callcard.telephony import numbers

ANSWER_SECONDS = 1.0
"""Longer than `contacts.first_answer_seconds`, shorter than the deadline of a source."""
_PATH = "/crm/erp"


def tables(finesse_url: str, unused_port: int) -> tuple[dict[str, Any], ...]:
    """Return the tables of `[[sources]]`. Nobody listens on `unused_port`."""
    contact = {
        "id": "number",
        "name": "name",
        "company": "company",
        "email": "email",
        "flags": "[terms]",
        "numbers": "phones",
        "url": f"{finesse_url}/crm/contacts/<< record.contact >>",
    }
    by_number = {"path": "/customers", "query": {"phone": "<< number.e164 >>"}}
    erp = {"kind": "rest", "contact": contact, "by_number": by_number}
    return (
        {**erp, "name": "erp", "base_url": f"{finesse_url}{_PATH}"},
        {**erp, "name": "archive", "base_url": f"http://127.0.0.1:{unused_port}"},
    )


def routes(contacts: LocalContacts, country: str) -> list[BaseRoute]:
    """Return the routes of the slow ERP, which has every second of the demo's contacts."""

    async def customers(request: Request) -> Response:
        number = numbers.read(request.query_params.get("phone", ""), country)
        await asyncio.sleep(ANSWER_SECONDS)
        found = [match.contact for match in await contacts.by_number(number)]
        return JSONResponse(
            [
                {
                    "number": f"K-{10_000 + int(each.id)}",
                    "contact": each.url.rpartition("/")[2],
                    "name": each.name,
                    "company": each.company,
                    "email": each.email,
                    "terms": "30 days net",
                    "phones": [number.e164 or number.number for number in each.numbers],
                }
                for each in found
                if int(each.id) % 2
            ]
        )

    return [Route(f"{_PATH}/customers", customers)]
