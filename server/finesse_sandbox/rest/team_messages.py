"""TeamMessage: supervisors send a text to their teams."""

from __future__ import annotations

import re
import time

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import TeamMessage
from finesse_sandbox.rest.access import ApiAccess, unauthorized
from finesse_sandbox.rest.responses import read_xml, xml_response
from finesse_sandbox.site import User
from finesse_sandbox.xml.document import API, update_xml

MAX_CONTENT_CHARACTERS = 255
_DURATION = re.compile(r"[0-9]{1,9}")


class TeamMessageResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/TeamMessage", self.create_message, "POST"),
            route("/TeamMessages", self.create_message, "POST"),
            route("/TeamMessage/{message}", self.delete_message, "DELETE"),
        ]

    async def create_message(self, request: Request, user: User) -> Response:
        if not user.supervises and "Admin" not in user.roles:
            raise unauthorized(user.id)
        root = await read_xml(request, "TeamMessage")
        content = root.findtext("content", "")
        duration = root.findtext("duration", "").strip()
        teams = tuple(node.text or "" for node in root.iterfind("teams/team"))
        if not content or not _DURATION.fullmatch(duration) or not teams:
            message = "duration, content and teams are needed"
            raise ApiError(400, "Parameter Missing", message, "content")
        if len(content) > MAX_CONTENT_CHARACTERS:
            message = f"content has more than {MAX_CONTENT_CHARACTERS} characters"
            raise ApiError(400, "Invalid Input", message, "content")
        for team in teams:
            if team not in user.supervises and "Admin" not in user.roles:
                raise unauthorized(team)
        team_message = self._contact_centre.add_team_message(user, content, int(duration), teams)
        self._publish(team_message, "POST")
        return xml_response(_team_message_element(team_message))

    async def delete_message(self, request: Request, user: User) -> Response:
        id = request.path_params["message"]
        team_message = self._contact_centre.team_messages.get(id)
        if team_message is None or team_message.expires_at < time.time():
            raise ApiError(404, "Not Found", "There is no such message", id)
        if team_message.created_by != user.id and "Admin" not in user.roles:
            raise unauthorized(user.id)
        del self._contact_centre.team_messages[id]
        self._publish(team_message, "DELETE")
        return Response(status_code=200)

    def _publish(self, team_message: TeamMessage, event: str) -> None:
        # Assumption: the node's name; it is not documented.
        for team in team_message.teams:
            pubsub_node = f"{API}/TeamMessage/Team/{team}"
            data = _team_message_element(team_message, "teamMessage")
            self._contact_centre.events.publish(
                pubsub_node, update_xml(event, pubsub_node, "", data)
            )


def _team_message_element(message: TeamMessage, tag: str = "TeamMessage") -> etree._Element:
    return E(
        tag,
        E.uri(f"{API}/TeamMessage/{message.id}"),
        E.id(message.id),
        E.createdBy(message.created_by),
        E.createdAt(message.created_at),
        E.duration(str(message.duration_seconds)),
        E.content(message.content),
        E.teams(*(E.team(team) for team in message.teams)),
    )
