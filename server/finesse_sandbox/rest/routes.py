"""The REST API of one node: all resources under /finesse/api."""

from __future__ import annotations

from starlette.routing import BaseRoute

from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.nodes import Node
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.client_log import ClientLogResource
from finesse_sandbox.rest.dialogs import DialogResource
from finesse_sandbox.rest.layouts import LayoutConfigResource, MediaPropertiesLayoutResource
from finesse_sandbox.rest.media import MediaResource
from finesse_sandbox.rest.phone_books import PhoneBookResource
from finesse_sandbox.rest.queues import QueueResource
from finesse_sandbox.rest.reason_codes import ReasonCodeResource, WrapUpReasonResource
from finesse_sandbox.rest.system_info import SystemInfoResource
from finesse_sandbox.rest.team_messages import TeamMessageResource
from finesse_sandbox.rest.teams import TeamResource
from finesse_sandbox.rest.users import UserResource
from finesse_sandbox.rest.workflows import WorkflowResource


def rest_routes(contact_centre: ContactCentre, node: Node) -> list[BaseRoute]:
    access = ApiAccess(contact_centre, node)
    return [
        *SystemInfoResource(access).routes(),
        *UserResource(access).routes(),
        *DialogResource(access).routes(),
        *TeamResource(access).routes(),
        *ReasonCodeResource(access).routes(),
        *WrapUpReasonResource(access).routes(),
        *PhoneBookResource(access).routes(),
        *QueueResource(access).routes(),
        *LayoutConfigResource(access).routes(),
        *MediaPropertiesLayoutResource(access).routes(),
        *WorkflowResource(access).routes(),
        *MediaResource(access).routes(),
        *TeamMessageResource(access).routes(),
        *ClientLogResource(access).routes(),
    ]
