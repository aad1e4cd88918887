"""Workflow: what the desktop runs when a call arrives, is answered or ends."""

from __future__ import annotations

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import Workflow
from finesse_sandbox.xml.document import API


class WorkflowResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        return self._access.team_resource_routes("Workflows", self._list_for_team)

    def _list_for_team(self, request: Request) -> Response:
        workflows = [_workflow_element(workflow) for workflow in self._site.workflows]
        return xml_response(E.Workflows(*workflows))


def _workflow_element(workflow: Workflow) -> etree._Element:
    for_voice = E.Trigger(
        E.Variable(E.name("mediaType"), E.node("//Dialog/mediaType"), E.type("CUSTOM")),
        E.comparator("IS_EQUAL"),
        E.value("Voice"),
    )
    params = [E.Param(E.name(name), E.value(value)) for name, value in workflow.params]
    variables = [
        E.ActionVariable(E.name(name), E.node(node), E.type("SYSTEM"), E.testValue())
        for name, node in workflow.variables
    ]
    action = E.WorkflowAction(
        E.uri(f"{API}/WorkflowAction/{workflow.id}"),
        E.name(workflow.name),
        E.type(workflow.type),
        E.handledBy(workflow.handled_by),
        E.params(*params),
        E.actionVariables(*variables),
    )
    return E.Workflow(
        E.uri(f"{API}/Workflow/{workflow.id}"),
        E.name(workflow.name),
        E.description(),
        E.media("Voice"),
        E.TriggerSet(E.type("SYSTEM"), E.name(workflow.when), E.triggers(for_voice)),
        E.ConditionSet(E.applyMethod("ALL"), E.conditions()),
        E.workflowActions(action),
    )
