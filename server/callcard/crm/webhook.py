"""Any CRM that takes JSON: each call is PUT to an address of the site's choice. It knows no contacts."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import msgspec

from callcard.crm.base import CallLog
from callcard.errors import SourceRefused, SourceUnavailable

_LATER = (401, 403, 404, 405, 407, 408, 423, 425, 429)
"""Refusals that an administrator or time will mend: the call is offered again. Any other 4xx is for good."""


class WebLog:
    """`address` is where a call goes, `{id}` in it standing for the call's id; `http` is its giver's to close.

    The address must take the same call again, as PUT means: an answer may be lost on the way.
    """

    name = "web"

    def __init__(self, http: httpx.AsyncClient, address: str, token: str, deadline: float) -> None:
        self._http, self._address, self._deadline = http, address, deadline
        self._headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )

    async def log(self, call: CallLog) -> None:
        address = self._address.replace("{id}", quote(call.id, safe=""))
        body = msgspec.json.encode(call)
        headers = self._headers | {"Idempotency-Key": call.id}
        try:
            async with self._http.stream(
                "PUT", address, content=body, headers=headers, timeout=self._deadline
            ) as response:
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SourceUnavailable(f"No answer from log_url ({type(error).__name__})") from error
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in _LATER:
            raise SourceRefused(f"log_url answered {status}")
        raise SourceUnavailable(f"log_url answered {status}")
