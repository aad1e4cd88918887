"""Stand-ins for CRMs that check every request and answer against the vendor's published contract.

The contracts are client libraries that were generated from the vendors' OpenAPI files. A request or
an answer that the contract does not have fails the test.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import httpx
import msgspec

HUBSPOT_HOW_TO_GET = "no HubSpot contract: pip install hubspot-api-client"
ZENDESK_HOW_TO_GET = "no Zendesk contract: pip install python-zendesk"
_API_USER = 1
_CREATED = "2026-03-01T09:30:00Z"


class HubSpot:
    """Contacts that are found by their calculated number, and tickets and calls, of which none is.

    The contract is HubSpot's own library, `hubspot-api-client`. It describes `sorts` as texts; the
    API takes the objects of its guide, too, so these are left out of the check.
    """

    def __init__(self, **properties: str) -> None:
        self.contacts = {"501": properties}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer s3cret"
        kind, _, rest = request.url.path.removeprefix("/crm/v3/objects/").partition("/")
        assert kind in ("contacts", "tickets", "calls")
        body = msgspec.json.decode(request.content) if request.content else {}
        match request.method, rest:
            case "POST", "search":
                body.pop("sorts", None)
                self._check(kind, "PublicObjectSearchRequest", body)
                results = self._found(body) if kind == "contacts" else []
                answer: dict[str, Any] = {"total": len(results), "results": results}
                model = "CollectionResponseWithTotalSimplePublicObjectForwardPaging"
            case "GET", id if id in self.contacts:
                answer, model = self._contact(id), "SimplePublicObjectWithAssociations"
            case "POST", "":
                self._check(kind, "SimplePublicObjectInputForCreate", body)
                id = str(500 + len(self.contacts) + 1)
                self.contacts[id] = body["properties"]
                answer, model = self._contact(id), "SimplePublicObject"
            case _:
                message = {"category": "OBJECT_NOT_FOUND", "correlation_id": "c", "message": "no"}
                return httpx.Response(404, json=message)
        self._check(kind, model, answer)
        return httpx.Response(200, json=answer)

    def _contact(self, id: str) -> dict[str, Any]:
        times = {"createdAt": _CREATED, "updatedAt": _CREATED}
        return {"id": id, "properties": self.contacts[id], "archived": False, **times}

    def _found(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the contacts of which one group of filters, or all words of the query, is true."""

        def fits(properties: dict[str, str]) -> bool:
            if "query" in body:
                words = " ".join(properties.values()).casefold()
                return all(word in words for word in body["query"].casefold().split())
            calculated = re.sub(r"\D", "", properties.get("phone", "")).lstrip("0")
            known = properties | {"hs_searchable_calculated_phone_number": calculated}
            return any(
                all(known.get(each["propertyName"]) == each["value"] for each in group["filters"])
                for group in body["filterGroups"]
            )

        found = [id for id, properties in self.contacts.items() if fits(properties)]
        return [self._contact(id) for id in found][: body["limit"]]

    def _check(self, kind: str, model: str, value: Any) -> None:
        self._models = importlib.import_module(
            f"hubspot.crm.{'objects.calls' if kind == 'calls' else kind}.models"
        )
        self._check_value(model, value, model)

    def _check_value(self, type: str, value: Any, where: str) -> None:
        """Compare a value with a type as the library's generator writes it."""
        if match := re.fullmatch(r"list\[(.+)\]", type):
            assert isinstance(value, list), where
            for each in value:
                self._check_value(match[1], each, where)
        elif match := re.fullmatch(r"dict\[str, (.+)\]", type):
            assert isinstance(value, dict), where
            for key, each in value.items():
                self._check_value(match[1], each, f"{where}.{key}")
        elif type in ("str", "datetime"):
            assert isinstance(value, str), f"{where} must be a text: {value!r}"
        elif type in ("int", "bool"):
            assert value.__class__.__name__ == type, f"{where} must be {type}: {value!r}"
        else:
            model = getattr(self._models, type)
            names = {name: key for key, name in model.attribute_map.items()}
            assert value.keys() <= names.keys(), f"{where} has only {sorted(names)}"
            for name, each in value.items():
                self._check_value(model.openapi_types[names[name]], each, f"{where}.{name}")
            model(**{names[name]: each for name, each in value.items()})  # what is required


class Zendesk:
    """One end user, and the tickets that are opened for them.

    The contract is `python-zendesk`, generated from Zendesk's OpenAPI file by another vendor. It
    knows few fields of search results, so these are compared with those of users and tickets.
    """

    def __init__(self, **user: Any) -> None:
        self.user = {"id": 501, "role": "end-user", "created_at": _CREATED, **user}
        self.tickets: dict[int, dict[str, Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path.removeprefix("/api/v2"), request.url.params
        if path == "/oauth/tokens":
            return httpx.Response(200, json={"access_token": "t0ken", "token_type": "bearer"})
        assert request.headers["Authorization"] == "Bearer t0ken"
        match request.method, path:
            case "GET", "/search.json":
                results = self._found(query["query"])
                for each in results:
                    self._check("UserObject" if "role" in each else "TicketObject", each)
                return self._answer("SearchResponse", {"count": len(results), "results": results})
            case "GET", "/users/501.json":
                return self._answer("UserResponse", {"user": self.user})
            case "POST", "/users.json":
                self._check("UserRequest", msgspec.json.decode(request.content))
                user = msgspec.json.decode(request.content)["user"] | {"id": 502}
                user.pop("skip_verify_email")
                return self._answer("UserResponse", {"user": user}, 201)
            case "GET", "/tickets.json":
                found = [
                    each
                    for each in self.tickets.values()
                    if each["external_id"] == query["external_id"]
                ]
                return self._answer("TicketsResponse", {"tickets": found})
            case "POST", "/tickets.json":
                body = msgspec.json.decode(request.content)
                self._check("TicketCreateRequest", body)
                defaults = {"status": "new", "created_at": _CREATED, "requester_id": _API_USER}
                ticket = {**defaults, **body["ticket"]}
                ticket.pop("comment")
                ticket["id"] = len(self.tickets) + 1
                self.tickets[ticket["id"]] = ticket
                return self._answer("TicketResponse", {"ticket": ticket}, 201)
        return httpx.Response(404, json={"error": "RecordNotFound", "description": "Not found"})

    def _found(self, query: str) -> list[dict[str, Any]]:
        if query.startswith("type:ticket"):
            match = re.fullmatch(r"type:ticket requester:(\d+) status<solved", query)
            assert match, query
            return [
                each
                for each in self.tickets.values()
                if each["requester_id"] == int(match[1]) and each["status"] != "solved"
            ]
        assert query.startswith("type:user "), query
        if match := re.search(r" phone:\*(\d+)", query):
            digits = re.sub(r"\D", "", self.user["phone"])
            return [self.user] if digits.endswith(match[1]) else []
        words = query.removeprefix("type:user ").casefold().split()
        return [self.user] if all(word in self.user["name"].casefold() for word in words) else []

    def _answer(self, model: str, value: Any, status: int = 200) -> httpx.Response:
        self._check(model, value)
        return httpx.Response(status, json=value)

    def _check(self, model: str, value: Any) -> None:
        """Compare a value with a model: types without conversion, and no field that is unknown."""
        kind = getattr(importlib.import_module("zendesk.models"), model)
        contract = importlib.import_module("pydantic").TypeAdapter(kind)
        parsed = contract.validate_json(msgspec.json.encode(value), strict=True)
        known = contract.dump_python(parsed, mode="json", by_alias=True, exclude_unset=True)
        _assert_known(value, known, model)


def _assert_known(value: Any, known: Any, where: str) -> None:
    if where.endswith("results"):  # compared by themselves
        return
    if isinstance(value, dict):
        assert value.keys() <= known.keys(), f"{where}: {value.keys() - known.keys()} are unknown"
        for key, each in value.items():
            _assert_known(each, known[key], f"{where}.{key}")
    elif isinstance(value, list):
        for each, same in zip(value, known, strict=True):
            _assert_known(each, same, where)
