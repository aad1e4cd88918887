"""A CRM with JSON over HTTP that searches badly: numbers as they were typed, found by part."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "t0ken"
CONTACTS: list[dict[str, Any]] = [
    {
        "id": 7,
        "names": {"first": "Ada", "last": "Lovelace"},
        "org": {"name": "Analytical Engines"},
        "email": "ada@engines.example",
        "lang": "en",
        "vip": True,
        "phones": [{"value": "(212) 555-0123", "label": "office"}, {"value": "+44 20 7946 0958"}],
        "code": "C-4711",
    },
    {
        "id": 8,
        "names": {"first": "Charles", "last": "Babbage"},
        "org": None,
        "email": None,
        "lang": None,
        "vip": False,
        "phones": [{"value": "0 30 / 12 34 56 78", "label": "home"}],
        "code": "C-4712",
    },
]

CONFIGURATION: dict[str, Any] = {
    "country": "US",
    "settings": {"site": "engines"},
    "auth": {"type": "bearer", "token": TOKEN},
    "contact": {
        "id": "id",
        "name": "join(' ', [names.first, names.last])",
        "company": "org.name",
        "email": "email",
        "language": "lang",
        "flags": "[vip && 'VIP']",
        "numbers": "phones[].{number: value, label: label}",
        "url": "https://<< settings.site >>.example/people/<< record.id >>",
    },
    "by_number": {
        "path": "/people",
        "query": {"phone": "<< spelling >>"},
        "results": "data",
        "spellings": ["digits", "significant", "suffix"],
    },
    "search": {
        "path": "/people",
        "query": {"q": "<< text >>", "n": "<< limit >>"},
        "results": "data",
    },
    "get": {"path": "/people/<< id >>"},
    "by_reference": {"path": "/people", "query": {"code": "<< reference >>"}, "results": "data"},
    "cases": {
        "request": {"path": "/people/<< id >>/tickets", "results": "data"},
        "mapping": {
            "id": "number",
            "subject": "title",
            "status": "state",
            "opened_at": "created",
            "notes": "text",
        },
    },
    "history": {
        "request": {"path": "/people/<< id >>/calls", "results": "data"},
        "mapping": {
            "started_at": "begin",
            "subject": "title",
            "direction": "way",
            "agent": "user",
            "duration_seconds": "seconds",
            "notes": "text",
        },
    },
    "create": {
        "request": {
            "method": "POST",
            "path": "/people",
            "body": {
                "name": "<< contact.name >>",
                "company": "<< contact.company >>",
                "email": "<< contact.email >>",
                "phones": "<< contact.numbers >>",
            },
        },
        "cleanup": {"method": "DELETE", "path": "/people/<< id >>"},
    },
    "create_case": {
        "find": {"path": "/tickets", "query": {"key": "<< key >>"}, "results": "data"},
        "request": {
            "method": "POST",
            "path": "/people/<< id >>/tickets",
            "body": {
                "title": "<< case.subject >>",
                "text": "<< case.notes >>",
                "created": "<< case.opened_at >>",
                "key": "<< key >>",
            },
            "empty_on_404": True,
        },
        "cleanup": {"method": "DELETE", "path": "/tickets/<< found.number >>"},
    },
    "log": {
        "request": {
            "method": "PUT",
            "path": "/calls/<< key >>",
            "body": {
                "person": "<< interaction.contact_id >>",
                "title": "<< interaction.subject >>",
                "minutes": "<< interaction.duration_minutes >>",
                "record": "<< interaction.record >>",
            },
        },
        "cleanup": {"method": "DELETE", "path": "/calls/<< key >>"},
    },
}
"""The options of a `rest` source for this CRM, without its address."""


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


class RestCrm:
    def __init__(self) -> None:
        self.people = [dict(each) for each in CONTACTS]
        self.tickets: list[dict[str, Any]] = []
        self.calls: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.delay_seconds = 0.0
        self.is_down = False
        self.is_held = False
        """Whether requests wait until this is false again; set from another thread."""
        self.app = Starlette(
            routes=[
                Route("/people", self._find, methods=["GET"]),
                Route("/people", self._create, methods=["POST"]),
                Route("/people/{id}", self._get, methods=["GET"]),
                Route("/people/{id}", self._delete, methods=["DELETE"]),
                Route("/tickets/{id}", self._delete, methods=["DELETE"]),
                Route("/calls/{id:path}", self._delete, methods=["DELETE"]),
                Route("/people/{id}/tickets", self._list_tickets, methods=["GET"]),
                Route("/people/{id}/tickets", self._open_ticket, methods=["POST"]),
                Route("/people/{id}/calls", self._list_calls),
                Route("/tickets", self._find_tickets),
                Route("/calls/{id:path}", self._log, methods=["PUT"]),
            ]
        )

    @property
    def paths(self) -> list[str]:
        """What was requested, with the query as it was sent."""
        return [f"{each.url.path}?{each.url.query}".rstrip("?") for each in self.requests]

    async def _admit(self, request: Request) -> Response | None:
        self.requests.append(request)
        await asyncio.sleep(self.delay_seconds)
        while self.is_held:
            await asyncio.sleep(0.01)
        if self.is_down:
            return Response("<html>Down for maintenance</html>", 503, media_type="text/html")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "unauthorized"}, 401)
        return None

    async def _find(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        query = request.query_params
        if "phone" in query:
            found = [
                person
                for person in self.people
                if any(query["phone"] in _digits(phone["value"]) for phone in person["phones"])
            ]
        elif "code" in query:
            found = [each for each in self.people if each["code"] == query["code"]]
        else:
            words = query["q"].casefold().split()
            found = [each for each in self.people if self._has_words(each, words)]
        return JSONResponse({"data": found})

    @staticmethod
    def _has_words(person: dict[str, Any], words: list[str]) -> bool:
        org = (person["org"] or {}).get("name", "")
        own = f"{person['names']['first']} {person['names']['last']} {org}".casefold().split()
        return all(any(each.startswith(word) for each in own) for word in words)

    def _person(self, request: Request) -> dict[str, Any] | None:
        id = request.path_params["id"]
        return next((each for each in self.people if str(each["id"]) == id), None)

    async def _get(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        person = self._person(request)
        return JSONResponse(person) if person else JSONResponse({"error": "none"}, 404)

    async def _delete(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        id = request.path_params["id"]
        self.people = [each for each in self.people if str(each["id"]) != id]
        self.tickets = [each for each in self.tickets if each["number"] != id]
        self.calls.pop(id, None)
        return Response(status_code=204)

    async def _create(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        body = await request.json()
        first, _, last = body["name"].partition(" ")
        person = {
            "id": 100 + len(self.people),
            "names": {"first": first, "last": last},
            "org": {"name": body["company"]},
            "email": body["email"],
            "lang": None,
            "vip": False,
            "phones": [{"value": number, "label": ""} for number in body["phones"]],
            "code": "",
        }
        self.people.append(person)
        return JSONResponse(person, 201)

    async def _list_tickets(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        own = [each for each in self.tickets if each["person"] == request.path_params["id"]]
        return JSONResponse({"data": own})

    async def _find_tickets(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        key = request.query_params["key"]
        return JSONResponse({"data": [each for each in self.tickets if each["key"] == key]})

    async def _open_ticket(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        if self._person(request) is None:
            return JSONResponse({"error": "none"}, 404)
        ticket = {
            **await request.json(),
            "person": request.path_params["id"],
            "number": f"T-{len(self.tickets) + 1}",
            "state": "open",
        }
        self.tickets.append(ticket)
        return JSONResponse(ticket, 201)

    async def _list_calls(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        id = request.path_params["id"]
        own = [
            {
                "begin": call["record"]["started_at"],
                "title": call["title"],
                "way": "INBOUND" if call["record"]["direction"] == "in" else "OUTBOUND",
                "user": call["record"]["owner"],
                "seconds": 60 * call["minutes"],
                "text": "",
            }
            for call in self.calls.values()
            if call["person"] == id
        ]
        return JSONResponse({"data": own})

    async def _log(self, request: Request) -> Response:
        if refusal := await self._admit(request):
            return refusal
        self.calls[request.path_params["id"]] = await request.json()
        return Response(status_code=204)
