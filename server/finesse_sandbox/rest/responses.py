"""Requests and responses as Finesse's REST API has them."""

from __future__ import annotations

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from finesse_sandbox.http_requests import read_body
from finesse_sandbox.xml.document import parse, serialize

MAX_REQUEST_ID_CHARACTERS = 200


async def read_xml(request: Request, root: str) -> etree._Element:
    """Return the request's document, whose root must be `root`. Raises ApiError 400."""
    return parse(await read_body(request), root)


def request_id(request: Request) -> str:
    """Return the client's request id, without characters that XML cannot carry."""
    sent = request.headers.get("requestid", "")
    return "".join(c for c in sent if c.isprintable())[:MAX_REQUEST_ID_CHARACTERS]


def request_id_headers(request: Request) -> dict[str, str]:
    id = request_id(request)
    return {"requestId": id} if id else {}


def accepted(request: Request) -> Response:
    """Return the 202 for a command; its outcome comes by event."""
    # With a content type although there is no body, because the oldest clients read one.
    headers = request_id_headers(request)
    return Response(status_code=202, headers=headers, media_type="application/xml")


def xml_response(
    element: etree._Element, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(serialize(element), status, headers, "application/xml")
