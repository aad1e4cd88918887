"""What an administrator sets up over REST: reason codes and wrap-up reasons. Done when answered, and no event tells of it.

Administrators alone, and on UCCE on the primary node alone; on UCCX the secondary can be read. Source: the developer guide's
configuration APIs, 12.5 to 15.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox import xml
from finesse_sandbox.rest.rest import Door, answer_xml, read_body
from finesse_sandbox.site import Category, ReasonCode, Refusal, User
from finesse_sandbox.xml import API

LABEL = 40
"""Characters of a label."""
MOST = 100


class Configuration:
    def __init__(self, door: Door) -> None:
        self.door, self.site = door, door.centre.site

    def routes(self) -> list[BaseRoute]:
        route = self.door.route
        return [
            route("/ReasonCodes", self.list_codes),
            route("/ReasonCode", self.add_code, "POST"),
            route("/ReasonCodes", self.add_code, "POST"),
            route("/ReasonCode/{id}", self.change_code, "PUT"),
            route("/ReasonCode/{id}", self.remove_code, "DELETE"),
            route("/WrapUpReasons", self.list_wrap_up),
            route("/WrapUpReason", self.add_wrap_up, "POST"),
            route("/WrapUpReasons", self.add_wrap_up, "POST"),
            route("/WrapUpReason/{wrap_up}", self.get_wrap_up),
            route("/User/{id}/WrapUpReason/{wrap_up}", self.get_wrap_up),
            route("/WrapUpReason/{wrap_up}", self.change_wrap_up, "PUT"),
            route("/WrapUpReason/{wrap_up}", self.remove_wrap_up, "DELETE"),
        ]

    # ---- reason codes

    async def list_codes(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        return answer_xml(
            xml.reason_codes(self.site, _category(request.query_params.get("category", "")))
        )

    async def add_code(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        sent = xml.texts(xml.read(await read_body(request), "ReasonCode"))
        category = _category(sent.get("category", ""))
        code, label = self._code(sent.get("code", ""), category, ""), _label(sent.get("label", ""))
        if sum(r.category == category for r in self.site.reasons) >= MOST:
            raise Refusal(400, "Maximum Exceeded", f"There are {MOST} already", category)
        added = ReasonCode(_next(r.id for r in self.site.reasons), category, code, label)
        self.site.reasons += (added,)
        return Response(status_code=200, headers={"Location": f"{API}/ReasonCode/{added.id}"})

    async def change_code(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        known = self._known(request)
        sent = xml.texts(xml.read(await read_body(request), "ReasonCode"))
        if not sent.keys() & {"code", "label", "forAll"}:
            raise Refusal(400, "Parameter Missing", "code, label or forAll is needed", "label")
        code = self._code(sent["code"], known.category, known.id) if "code" in sent else known.code
        changed = replace(
            known, code=code, label=_label(sent["label"]) if "label" in sent else known.label
        )
        self.site.reasons = tuple(changed if r is known else r for r in self.site.reasons)
        return Response(status_code=200)

    async def remove_code(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        known = self._known(request)
        self.site.reasons = tuple(r for r in self.site.reasons if r is not known)
        return Response(status_code=200)

    def _known(self, request: Request) -> ReasonCode:
        id = request.path_params["id"]
        found = next((r for r in self.site.reasons if r.id == id), None)
        if found is None:
            raise Refusal(404, "Not Found", "There is no such reason code", id)
        return found

    def _code(self, text: str, category: str, own: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
            raise Refusal(400, "Invalid Input", "code must be from 1 to 65535", "code")
        if any(
            r.code == int(text) and r.category == category and r.id != own
            for r in self.site.reasons
        ):
            raise Refusal(
                400, "Finesse API Error", "There is a reason with this code already", text
            )
        return int(text)

    # ---- wrap-up reasons

    async def list_wrap_up(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        return answer_xml(xml.wrap_up_reasons(self.site))

    async def get_wrap_up(self, request: Request, asker: User) -> Response:
        if "id" in request.path_params:
            self.door.user(request, asker)
        id = self._wrap_up(request)
        return answer_xml(xml.wrap_up_reason(id, self.site.wrap_up_reasons[id]))

    async def add_wrap_up(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        label = _label(
            xml.texts(xml.read(await read_body(request), "WrapUpReason")).get("label", "")
        )
        id = _next(self.site.wrap_up_reasons)
        self.site.wrap_up_reasons[id] = label
        return Response(status_code=200, headers={"Location": f"{API}/WrapUpReason/{id}"})

    async def change_wrap_up(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        id = self._wrap_up(request)
        self.site.wrap_up_reasons[id] = _label(
            xml.texts(xml.read(await read_body(request), "WrapUpReason")).get("label", "")
        )
        return Response(status_code=200)

    async def remove_wrap_up(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        del self.site.wrap_up_reasons[self._wrap_up(request)]
        return Response(status_code=200)

    def _wrap_up(self, request: Request) -> str:
        id: str = request.path_params["wrap_up"]
        if id not in self.site.wrap_up_reasons:
            raise Refusal(404, "Not Found", "There is no such wrap-up reason", id)
        return id


def _category(text: str) -> Category:
    match text:
        case "NOT_READY" | "LOGOUT":
            return text
    raise Refusal(
        400,
        "Parameter Missing" if not text else "Invalid Input",
        "category must be NOT_READY or LOGOUT",
        "category",
    )


def _label(text: str) -> str:
    if not 1 <= len(text) <= LABEL:
        raise Refusal(
            400, "Invalid Input", f"label must have from 1 to {LABEL} characters", "label"
        )
    return text


def _next(taken: Iterable[str]) -> str:
    known = set(taken)
    return next(str(id) for id in itertools.count(1) if str(id) not in known)
