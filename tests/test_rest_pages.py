"""Pages, errors with status 200, and records that can only be removed, of the REST source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from callcard.crm.base import MAX_MATCHES
from callcard.crm.registry import parse_options
from callcard.crm.rest import Rest, RestOptions
from callcard.errors import SourceRejected, SourceUnavailable
from callcard.telephony import numbers
from tests.contracts.crm import INTERACTION

pytestmark = pytest.mark.anyio

CALLER = numbers.read("+12125550123", "US")
PAGE = 3


class Crm:
    """Has `count` contacts with one number, and sends three at a time."""

    def __init__(self, count: int = 7) -> None:
        self.count = count
        self.requests: list[httpx.Request] = []
        self.error: Any = None
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == "/calls":
            return self._call(request)
        query = request.url.params
        start = int(query.get("offset") or query.get("cursor") or 0)
        people = [
            {"id": id, "name": f"N{id}", "phone": "212 555 0123"}
            for id in range(start, min(start + PAGE, self.count))
        ]
        more = start + PAGE if start + PAGE < self.count else None
        answer = {"people": people, "more": more, "error": self.error}
        return httpx.Response(200, json=answer)

    def _call(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content) if request.content else {}
        if request.method == "POST":
            self.calls.append(body["text"])
        elif "remove" in body:
            self.calls.remove(body["remove"])
        return httpx.Response(200, json=[{"text": each} for each in self.calls])


def open_rest(crm: Crm, **changes: Any) -> Rest:
    by_number = {"path": "/people", "results": "people", "error": "error", **changes}
    options = parse_options(
        "rest",
        {
            "base_url": "https://crm.example",
            "country": "US",
            "contact": {"id": "id", "name": "name", "numbers": "[phone]"},
            "by_number": by_number,
            "log": {
                "request": {
                    "method": "POST",
                    "path": "/calls",
                    "body": {"text": "<< interaction.subject >>"},
                },
                "find": {"path": "/calls"},
                "remove": {
                    "method": "PUT",
                    "path": "/calls",
                    "body": {"remove": "<< found.text >>"},
                },
            },
        },
    )
    assert isinstance(options, RestOptions)
    return Rest(options, transport=httpx.MockTransport(crm))


@pytest.mark.parametrize(
    "paging",
    [
        {"query": {"offset": "<< offset >>"}, "page_size": PAGE},
        {"query": {"cursor": "<< cursor >>"}, "next_cursor": "more"},
    ],
)
async def test_all_pages_are_read(paging: dict[str, Any]) -> None:
    crm = Crm()
    rest = open_rest(crm, **paging)
    matches = await rest.by_number(CALLER)
    assert [match.contact.id for match in matches] == [str(id) for id in range(7)]
    assert len(crm.requests) == 3
    await rest.close()


async def test_switchboard_of_a_hundred_thousand_is_not_read_to_its_end() -> None:
    crm = Crm(100_000)
    rest = open_rest(crm, query={"offset": "<< offset >>"}, page_size=PAGE)
    assert len(await rest.by_number(CALLER)) == MAX_MATCHES
    assert len(crm.requests) == 34, "a hundred records"
    await rest.close()


@pytest.mark.parametrize(
    ("error", "expected", "quoted"),
    [
        ({"name": "odoo.exceptions.AccessError", "message": "Ada"}, SourceRejected, "AccessError"),
        (["TOO_MANY_REQUESTS"], SourceUnavailable, "TOO_MANY_REQUESTS"),
        ("Lovelace", SourceRejected, ""),
        ([{"text": "no Ada Lovelace"}], SourceRejected, ""),
    ],
)
async def test_error_with_status_200_is_named_without_a_customers_data(
    error: Any, expected: type[Exception], quoted: str
) -> None:
    crm = Crm()
    crm.error = error
    rest = open_rest(crm, retryable_errors=["TOO_MANY_REQUESTS"])
    with pytest.raises(expected) as raised:
        await rest.by_number(CALLER)
    assert quoted in str(raised.value)
    assert "Ada" not in str(raised.value)
    assert "Lovelace" not in str(raised.value)
    await rest.close()


async def test_what_cannot_be_changed_is_removed_and_made_anew() -> None:
    crm = Crm()
    rest = open_rest(crm)
    for reason in ("Sale", "Complaint"):
        await rest.log(replace(INTERACTION, wrap_up_reasons=(reason,)))
    assert crm.calls == ["Complaint"]
    await rest.close()
