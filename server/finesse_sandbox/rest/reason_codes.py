"""ReasonCode and WrapUpReason: what agents choose from, and how administrators configure it.

A change is done when the response arrives; no event reports it. Source: the developer guide's
configuration APIs, 12.5 to 15.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import read_xml, xml_response
from finesse_sandbox.site import ReasonCategory, ReasonCode, SiteConfiguration, User
from finesse_sandbox.xml.document import API, child_texts
from finesse_sandbox.xml.users import reason_code_element

MAX_LABEL_CHARACTERS = 40
MAX_CODES_PER_CATEGORY = 100
MAX_CODE = 65535


class ReasonCodeResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            *self._access.team_resource_routes("ReasonCodes", self._list_for_team),
            route("/User/{id}/ReasonCode/{code}", self.get_for_user),
            route("/ReasonCode/{code}", self.get_code),
            route("/ReasonCodes", self.list_codes),
            route("/ReasonCode", self.find_code),
            route("/ReasonCode", self.create_code, "POST"),
            route("/ReasonCodes", self.create_code, "POST"),
            route("/ReasonCode/{code}", self.change_code, "PUT"),
            route("/ReasonCode/{code}", self.delete_code, "DELETE"),
        ]

    def _list_for_team(self, request: Request) -> Response:
        category = request.query_params.get("category", "")
        if category not in ("NOT_READY", "LOGOUT"):
            message = "category must be NOT_READY or LOGOUT"
            raise ApiError(400, "Parameter Missing", message, "category")
        return xml_response(_reason_codes_element(self._site, category))

    async def get_for_user(self, request: Request, user: User) -> Response:
        self._access.user_in_path(request, user)
        return xml_response(reason_code_element(self._code_in_path(request), "ReasonCode"))

    async def find_code(self, request: Request, user: User) -> Response:
        """Return the reason code of a category that has this number. For every role."""
        category = _category(request.query_params.get("category", ""))
        number = request.query_params.get("code", "")
        for reason in self._site.reasons:
            if reason.category == category and str(reason.code) == number:
                return xml_response(reason_code_element(reason, "ReasonCode"))
        raise ApiError(404, "Not Found", "There is no such reason code", number)

    async def get_code(self, request: Request, user: User) -> Response:
        return xml_response(reason_code_element(self._code_in_path(request), "ReasonCode"))

    async def list_codes(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        category = _category(request.query_params.get("category", ""))
        return xml_response(_reason_codes_element(self._site, category))

    async def create_code(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        sent = child_texts(await read_xml(request, "ReasonCode"))
        category = _category(sent.get("category", ""))
        code = self._free_code(sent.get("code", ""), category, "")
        label = _label(sent.get("label", ""))
        used = [reason for reason in self._site.reasons if reason.category == category]
        if len(used) >= MAX_CODES_PER_CATEGORY:
            message = f"There are {MAX_CODES_PER_CATEGORY} already"
            raise ApiError(400, "Maximum Exceeded", message, category)
        id = _free_id(reason.id for reason in self._site.reasons)
        self._site.reasons += (ReasonCode(id, category, code, label),)
        return Response(status_code=200, headers={"Location": f"{API}/ReasonCode/{id}"})

    async def change_code(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        reason = self._code_in_path(request)
        sent = child_texts(await read_xml(request, "ReasonCode"))
        if not sent.keys() & {"code", "label", "forAll"}:
            message = "code, label or forAll is needed"
            raise ApiError(400, "Parameter Missing", message, "label")
        code = reason.code
        if "code" in sent:
            code = self._free_code(sent["code"], reason.category, reason.id)
        label = _label(sent["label"]) if "label" in sent else reason.label
        changed = replace(reason, code=code, label=label)
        self._site.reasons = tuple(
            changed if each is reason else each for each in self._site.reasons
        )
        return Response(status_code=200)

    async def delete_code(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        reason = self._code_in_path(request)
        self._site.reasons = tuple(each for each in self._site.reasons if each is not reason)
        return Response(status_code=200)

    def _code_in_path(self, request: Request) -> ReasonCode:
        id = request.path_params["code"]
        for reason in self._site.reasons:
            if reason.id == id:
                return reason
        raise ApiError(404, "Not Found", "There is no such reason code", id)

    def _free_code(self, text: str, category: str, own_id: str) -> int:
        """Return the code if it is valid and no other reason of the category has it."""
        is_number = text.isascii() and text.isdigit()
        if not is_number or not 1 <= int(text[:6]) <= MAX_CODE:
            raise ApiError(400, "Invalid Input", f"code must be from 1 to {MAX_CODE}", "code")
        for reason in self._site.reasons:
            is_other = reason.category == category and reason.id != own_id
            if is_other and reason.code == int(text):
                message = "There is a reason with this code already"
                raise ApiError(400, "Finesse API Error", message, text)
        return int(text)


class WrapUpReasonResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            *self._access.team_resource_routes("WrapUpReasons", self._list_for_team),
            route("/User/{id}/WrapUpReason/{reason}", self.get_for_user),
            route("/WrapUpReasons", self.list_reasons),
            route("/WrapUpReason", self.create_reason, "POST"),
            route("/WrapUpReasons", self.create_reason, "POST"),
            route("/WrapUpReason/{reason}", self.get_reason),
            route("/WrapUpReason/{reason}", self.change_reason, "PUT"),
            route("/WrapUpReason/{reason}", self.delete_reason, "DELETE"),
        ]

    def _list_for_team(self, request: Request) -> Response:
        return xml_response(_wrap_up_reasons_element(self._site))

    async def get_for_user(self, request: Request, user: User) -> Response:
        self._access.user_in_path(request, user)
        return await self.get_reason(request, user)

    async def list_reasons(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return xml_response(_wrap_up_reasons_element(self._site))

    async def get_reason(self, request: Request, user: User) -> Response:
        id = self._id_in_path(request)
        return xml_response(_wrap_up_reason_element(id, self._site.wrap_up_reasons[id]))

    async def create_reason(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        label = await self._read_label(request)
        id = _free_id(self._site.wrap_up_reasons)
        self._site.wrap_up_reasons[id] = label
        return Response(status_code=200, headers={"Location": f"{API}/WrapUpReason/{id}"})

    async def change_reason(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        id = self._id_in_path(request)
        self._site.wrap_up_reasons[id] = await self._read_label(request)
        return Response(status_code=200)

    async def delete_reason(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        del self._site.wrap_up_reasons[self._id_in_path(request)]
        return Response(status_code=200)

    async def _read_label(self, request: Request) -> str:
        sent = child_texts(await read_xml(request, "WrapUpReason"))
        return _label(sent.get("label", ""))

    def _id_in_path(self, request: Request) -> str:
        id: str = request.path_params["reason"]
        if id not in self._site.wrap_up_reasons:
            raise ApiError(404, "Not Found", "There is no such wrap-up reason", id)
        return id


def _reason_codes_element(site: SiteConfiguration, category: str) -> etree._Element:
    codes = [reason for reason in site.reasons if reason.category == category]
    return E.ReasonCodes(
        *(reason_code_element(code, "ReasonCode") for code in codes), category=category
    )


def _wrap_up_reasons_element(site: SiteConfiguration) -> etree._Element:
    return E.WrapUpReasons(
        *(_wrap_up_reason_element(id, label) for id, label in site.wrap_up_reasons.items())
    )


def _wrap_up_reason_element(id: str, label: str) -> etree._Element:
    return E.WrapUpReason(E.uri(f"{API}/WrapUpReason/{id}"), E.label(label), E.forAll("true"))


def _category(text: str) -> ReasonCategory:
    match text:
        case "NOT_READY" | "LOGOUT":
            return text
    type = "Invalid Input" if text else "Parameter Missing"
    raise ApiError(400, type, "category must be NOT_READY or LOGOUT", "category")


def _label(text: str) -> str:
    if not 1 <= len(text) <= MAX_LABEL_CHARACTERS:
        message = f"label must have from 1 to {MAX_LABEL_CHARACTERS} characters"
        raise ApiError(400, "Invalid Input", message, "label")
    return text


def _free_id(used: Iterable[str]) -> str:
    known = set(used)
    return next(str(id) for id in itertools.count(1) if str(id) not in known)
