"""Workflow: what the desktop runs when a call arrives, is answered or ends."""

from __future__ import annotations

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import User, Workflow
from finesse_sandbox.xml.document import API


class WorkflowResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            *self._access.team_resource_routes("Workflows", self._list_for_team),
            route("/Workflows", self.list_workflows),
            route("/Workflow/{workflow}", self.get_workflow),
            route("/WorkflowActions", self.list_actions),
            route("/WorkflowAction/{workflow}", self.get_action),
        ]

    async def list_workflows(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return self._list_for_team(request)

    async def get_workflow(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return xml_response(_workflow_element(self._workflow_in_path(request)))

    async def list_actions(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        actions = (_action_element(workflow) for workflow in self._site.workflows)
        return xml_response(E.WorkflowActions(*actions))

    async def get_action(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return xml_response(_action_element(self._workflow_in_path(request)))

    def _workflow_in_path(self, request: Request) -> Workflow:
        id = request.path_params["workflow"]
        for workflow in self._site.workflows:
            if workflow.id == id:
                return workflow
        raise ApiError(404, "Not Found", "There is no such workflow", id)

    def _list_for_team(self, request: Request) -> Response:
        workflows = [_workflow_element(workflow) for workflow in self._site.workflows]
        return xml_response(E.Workflows(*workflows))


def _workflow_element(workflow: Workflow) -> etree._Element:
    for_voice = E.Trigger(
        E.Variable(E.name("mediaType"), E.node("//Dialog/mediaType"), E.type("CUSTOM")),
        E.comparator("IS_EQUAL"),
        E.value("Voice"),
    )
    return E.Workflow(
        E.uri(f"{API}/Workflow/{workflow.id}"),
        E.name(workflow.name),
        E.description(),
        E.media("Voice"),
        E.TriggerSet(E.type("SYSTEM"), E.name(workflow.when), E.triggers(for_voice)),
        E.ConditionSet(E.applyMethod("ALL"), E.conditions()),
        E.workflowActions(_action_element(workflow)),
    )


def _action_element(workflow: Workflow) -> etree._Element:
    params = [E.Param(E.name(name), E.value(value)) for name, value in workflow.params]
    variables = [
        E.ActionVariable(E.name(name), E.node(node), E.type("SYSTEM"), E.testValue())
        for name, node in workflow.variables
    ]
    return E.WorkflowAction(
        E.uri(f"{API}/WorkflowAction/{workflow.id}"),
        E.name(workflow.name),
        E.type(workflow.type),
        E.handledBy(workflow.handled_by),
        E.params(*params),
        E.actionVariables(*variables),
    )
