"""Queue and Queues: statistics of calls that wait. UCCX has the list only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import User
from finesse_sandbox.xml.queues import queue_element, queues_element


class QueueResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        return [
            self._access.route("/Queue/{queue}", self.get_queue),
            self._access.route("/User/{id}/Queues", self.list_queues),
        ]

    async def get_queue(self, request: Request, user: User) -> Response:
        id = request.path_params["queue"]
        if self._contact_centre.platform == "ucce":
            for queue in self._contact_centre.site.queues:
                if queue.id == id:
                    waiting = self._contact_centre.calls_waiting()[queue.name]
                    agents = self._contact_centre.agent_counts()
                    return xml_response(queue_element(queue, waiting, agents, "ucce"))
        raise ApiError(404, "Not Found", "There is no such queue", id)

    async def list_queues(self, request: Request, user: User) -> Response:
        id = request.path_params["id"]
        if self._contact_centre.agents.by_login(id) is None:
            raise ApiError(404, "User Not Found", "UNKNOWN_USER", id)
        return xml_response(
            queues_element(
                self._contact_centre.site.queues,
                self._contact_centre.calls_waiting(),
                self._contact_centre.agent_counts(),
                self._contact_centre.platform,
            )
        )
