"""ClientLog: what clients write to the server's log."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import accepted, read_xml
from finesse_sandbox.site import User
from finesse_sandbox.xml.document import child_texts


class ClientLogResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        return [self._access.route("/User/{id}/ClientLog", self.add_log, "POST")]

    async def add_log(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        sent = child_texts(await read_xml(request, "ClientLog"))
        if "logData" not in sent:
            raise ApiError(400, "Parameter Missing", "logData parameter missing", "logData")
        self._contact_centre.client_logs.append({"user": target.id, "log": sent["logData"]})
        return accepted(request)
