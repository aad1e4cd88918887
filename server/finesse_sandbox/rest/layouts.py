"""LayoutConfig, the desktop layout, and MediaPropertiesLayout, the call variables on display."""

from __future__ import annotations

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from callcard.bundle import layout
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import read_xml, xml_response
from finesse_sandbox.site import SiteConfiguration, User
from finesse_sandbox.xml.document import API


class LayoutConfigResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/LayoutConfig/default", self.get_default),
            route("/LayoutConfig/default", self.put_default, "PUT"),
            route("/Team/{team}/LayoutConfig", self.get_for_team),
            route("/Team/{team}/LayoutConfig", self.put_for_team, "PUT"),
        ]

    async def get_default(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return xml_response(E.LayoutConfig(E.layoutxml(self._site.layout)))

    async def put_default(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        self._site.layout = _read_layout(await read_xml(request, "LayoutConfig"))
        return Response(status_code=200)

    async def get_for_team(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        use_default = self._site.team_layout is None
        return xml_response(
            E.TeamLayoutConfig(
                E.useDefault(str(use_default).lower()),
                E.layoutxml(self._site.team_layout or self._site.layout),
            )
        )

    async def put_for_team(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        root = await read_xml(request, "TeamLayoutConfig")
        if root.findtext("useDefault", "").strip() == "true":
            self._site.team_layout = None
        else:
            self._site.team_layout = _read_layout(root)
        return Response(status_code=200)


class MediaPropertiesLayoutResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        return [
            *self._access.team_resource_routes("MediaPropertiesLayout", self._get_for_team),
            *self._access.team_resource_routes("MediaPropertiesLayouts", self._list_for_team),
            self._access.route("/MediaPropertiesLayouts", self.list_layouts),
            self._access.route("/MediaPropertiesLayout/{layout}", self.get_layout),
        ]

    async def list_layouts(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return self._list_for_team(request)

    async def get_layout(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        id = request.path_params["layout"]
        if id not in ("default", "1"):
            raise ApiError(404, "Not Found", "There is no such layout", id)
        return self._get_for_team(request)

    def _get_for_team(self, request: Request) -> Response:
        return xml_response(_media_properties_layout_element(self._site))

    def _list_for_team(self, request: Request) -> Response:
        layouts = E.MediaPropertiesLayouts(_media_properties_layout_element(self._site))
        return xml_response(layouts)


def _read_layout(root: etree._Element) -> str:
    text = root.findtext("layoutxml") or ""
    try:
        layout.read(text.encode())
    except layout.LayoutError as error:
        raise ApiError(400, "Invalid Input", f"layoutxml: {error}", "layoutxml") from error
    return text


def _media_properties_layout_element(site: SiteConfiguration) -> etree._Element:
    """Return a layout: callVariable1 in the header, columns of call and of ECC variables.

    It leaves out callVariable9 and 10, as layouts leave out what agents need not see.
    """
    call_variables = [f"callVariable{n}" for n in range(1, 9)]
    ecc_variables = [name for name in site.variables if not name.endswith("[]")]
    return E.MediaPropertiesLayout(
        E.uri(f"{API}/MediaPropertiesLayout/1"),
        E.name("Default"),
        E.description(),
        E.type("DEFAULT"),
        E.header(_entry("callVariable1")),
        E.column(*(_entry(name) for name in call_variables)),
        E.column(*(_entry(name) for name in ecc_variables)),
    )


def _entry(name: str) -> etree._Element:
    label = name.replace("callVariable", "Call variable ")
    return E.entry(E.displayName(label), E.mediaProperty(name))
