"""JSON requests and responses of the desktop and the control API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.http_requests import read_body

_T = TypeVar("_T")
_OUTSIDE_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


async def read_json(request: Request, type: type[_T]) -> _T:
    """Return the request's body as a `type`. Raises ApiError 400."""
    body = await read_body(request)
    try:
        content = msgspec.json.decode(body)
        sent = msgspec.json.decode(body, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, "Bad Request", str(error)) from error
    field = _find_text_outside_xml(content, "")
    if field is not None:
        message = f"{field or 'the body'} has characters that XML cannot carry"
        raise ApiError(400, "Bad Request", message, field)
    return sent


def _find_text_outside_xml(content: Any, path: str) -> str | None:
    """Return the path of the first text that an XML document cannot contain."""
    if isinstance(content, str):
        return path if _OUTSIDE_XML.search(content) else None
    children: Iterable[tuple[str, Any]] = ()
    if isinstance(content, dict):
        children = content.items()
        if any(_OUTSIDE_XML.search(name) for name in content):
            return path
    elif isinstance(content, list):
        children = ((str(index), each) for index, each in enumerate(content))
    for name, child in children:
        found = _find_text_outside_xml(child, f"{path}.{name}" if path else name)
        if found is not None:
            return found
    return None


def json_response(content: Any, status: int = 200) -> Response:
    body = msgspec.json.encode(content)
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")
