"""The permission of a person to use a CRM in their name: OAuth 2 authorization code with PKCE.

RFC 6749, 4.1, and RFC 7636. The refresh token that comes of it is all that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from callcard.crm.http_auth import AuthOptions
from callcard.errors import OperatorError
from callcard.extras import requires_extras

_MAX_QUOTED_CHARACTERS = 80


class AuthorizationCode:
    """One attempt: the `address` for the browser, and what comes of it."""

    def __init__(self, auth: AuthOptions, redirect: str) -> None:
        """`redirect` is where the CRM sends the browser back to."""
        with requires_extras("rest"):
            from authlib.common.security import generate_token
            from authlib.integrations.httpx_client import AsyncOAuth2Client
        self._token_url = auth.token_url
        self._client = AsyncOAuth2Client(
            auth.client_id,
            auth.client_secret or None,
            scope=auth.scope or None,
            redirect_uri=redirect,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post" if auth.client_secret else "none",
        )
        self._verifier = generate_token(48)
        self.address, self.state = self._client.create_authorization_url(
            auth.authorize_url, code_verifier=self._verifier
        )

    async def refresh_token(self, answer: Mapping[str, str]) -> str:
        """Return the refresh token for the parameters with which the browser came back.

        Raises OperatorError, which says what to do.
        """
        with requires_extras("rest"):
            from authlib.integrations.base_client import OAuthError
        if answer.get("state") != self.state:
            raise OperatorError("the address does not belong to this attempt; try again")
        if "code" not in answer:
            reason = answer.get("error", "no code")[:_MAX_QUOTED_CHARACTERS]
            raise OperatorError(f"the CRM did not allow it ({reason})")
        try:
            async with self._client:
                token: Mapping[str, Any] = await self._client.fetch_token(
                    self._token_url, code=answer["code"], code_verifier=self._verifier
                )
        except OAuthError as error:
            raise OperatorError(
                f"the CRM gives no token ({error.error}); check client_id"
            ) from None
        except (httpx.HTTPError, ValueError) as error:
            kind = type(error).__name__
            raise OperatorError(f"the CRM gives no token ({kind}); check auth.token_url") from None
        refresh_token = token.get("refresh_token")
        if not isinstance(refresh_token, str) or not refresh_token:
            raise OperatorError(
                "the CRM gives no refresh token; ask for one by scope (offline_access) or in "
                "authorize_url (access_type=offline), as its documentation says"
            )
        return refresh_token
