"""A webhook: sends each interaction as JSON to an address of the site's choice."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Meta

from callcard.crm.base import InteractionRecord
from callcard.crm.http_checks import check_secret, check_url
from callcard.crm.http_source import HttpSource


class WebhookOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Annotated[
        str,
        Meta(description="where interactions are PUT; `{id}` is replaced by the interaction's id"),
    ]
    token: Annotated[str, Meta(description="Bearer token; empty sends none")] = ""
    timeout_seconds: Annotated[float, Meta(gt=0, description="time for one request")] = 10.0

    def __repr__(self) -> str:
        return "WebhookOptions(…)"  # neither the token nor a key in the address


class Webhook(HttpSource):
    """PUTs interactions as JSON.

    A lost response makes delivery repeat a request, so the receiver must treat PUT as replacement.
    """

    name = "webhook"
    Options = WebhookOptions

    def __init__(
        self, options: WebhookOptions, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        check_url(self.name, "url", options.url)
        check_secret(self.name, "token", options.token)
        headers = {"Content-Type": "application/json"}
        if options.token:
            headers["Authorization"] = f"Bearer {options.token}"
        super().__init__(
            timeout_seconds=options.timeout_seconds, headers=headers, transport=transport
        )
        self._url = options.url

    @classmethod
    def open(cls, options: WebhookOptions, name: str) -> Self:
        return cls(options)

    async def log(self, interaction: InteractionRecord) -> None:
        """PUT the interaction; any 2xx acknowledges it."""
        id = quote(interaction.id, safe="")
        await self.request(
            "PUT",
            self._url.replace("{id}", id),
            body=msgspec.json.encode(interaction),
            headers={"Idempotency-Key": id},
            read_body=False,
        )
