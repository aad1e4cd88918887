"""Single sign-on: the browser's flow, with a sign-in page in place of the identity provider's."""

from __future__ import annotations

import html
import secrets
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox.accounts import Token
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.http_requests import read_body
from finesse_sandbox.json_http import json_response

_COOKIE = "sandbox_sso"
_TOKEN_PATH = "/desktop/sso/token"  # noqa: S105 - an address
_LOGIN_PATH = "/desktop/sso/login"


class SingleSignOn:
    def __init__(self, contact_centre: ContactCentre) -> None:
        self._contact_centre = contact_centre
        self._accounts = contact_centre.accounts
        self._users: dict[str, str] = {}
        """User ids by the value of the browser's cookie."""

    def routes(self) -> list[BaseRoute]:
        return [
            Route(_TOKEN_PATH, self.get_token),
            Route(_TOKEN_PATH, self.refresh_token, methods=["POST"]),
            Route("/desktop/sso/test", self.test_cookie),
            Route(_LOGIN_PATH, self.show_login),
            Route(_LOGIN_PATH, self.login, methods=["POST"]),
        ]

    async def get_token(self, request: Request) -> Response:
        """Return a token for the signed-in browser, or redirect it to the sign-in page."""
        id = self._users.get(request.cookies.get(_COOKIE, ""), "")
        user = self._contact_centre.agents.users.get(id)
        if user is None:
            back = _TOKEN_PATH
            if request.url.query:
                back += f"?{request.url.query}"
            name = request.query_params.get("cc_username", request.cookies.get("cc_username", ""))
            query = urlencode({"back": back, "user": name})
            return RedirectResponse(f"{_LOGIN_PATH}?{query}", 302)
        with_refresh_token = request.query_params.get("return_refresh_token") == "true"
        return self._token_response(self._accounts.issue_token(user), with_refresh_token)

    async def refresh_token(self, request: Request) -> Response:
        form = await _read_form(request)
        token = self._accounts.refresh_token(form.get("refresh-token", ""))
        if token is None:
            return json_response({"error": "The refresh token is not valid. Sign in again."}, 401)
        return self._token_response(token, with_refresh_token=True)

    async def show_login(self, request: Request) -> Response:
        query = request.query_params
        return HTMLResponse(_login_page(query.get("back", ""), query.get("user", "")))

    async def login(self, request: Request) -> Response:
        form = await _read_form(request)
        back = form.get("back", "")
        name = form.get("user", "")
        try:
            user = self._accounts.verify_password(name, form.get("password", ""))
        except ApiError:
            return HTMLResponse(_login_page(back, name, "Name or password is wrong."), 401)
        self._users = {cookie: id for cookie, id in self._users.items() if id != user.id}
        cookie = secrets.token_urlsafe(24)
        self._users[cookie] = user.id
        # Redirect only within this flow: no open redirect.
        target = back if back.startswith("/desktop/sso/") else "/desktop"
        response = RedirectResponse(target, 302)
        response.set_cookie(_COOKIE, cookie, httponly=True, samesite="lax")
        return response

    async def test_cookie(self, request: Request) -> Response:
        """Report to the parent page whether this browser is signed in, as Finesse does."""
        is_known = request.cookies.get(_COOKIE, "") in self._users
        status = "true" if is_known else "false"
        message = {"status": status, "errorMessage": "" if is_known else "NO TOKEN"}
        script = f"parent.postMessage({msgspec.json.encode(message).decode()}, location.origin)"
        response = HTMLResponse(f"<!DOCTYPE html><script>{script}</script>")
        response.set_cookie("ssotest", status, samesite="lax")
        return response

    def _token_response(self, token: Token, with_refresh_token: bool) -> Response:
        content = {
            "token": token.access,
            "expires_in": int(self._accounts.token_seconds),
            "user_id": token.user,
            "realm": "finesse.example",
            "user_principal": f"{token.user}@finesse.example",
        }
        if with_refresh_token:
            content["refresh_token"] = token.refresh
        return json_response(content)


async def _read_form(request: Request) -> dict[str, str]:
    body = (await read_body(request)).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body).items()}


def _login_page(back: str, user: str, error: str = "") -> str:
    return (
        "<!DOCTYPE html><html lang=en><title>Sign in</title>"
        "<body style='font:14px sans-serif;padding:2em'><h1>Single sign-on</h1>"
        f"<p role=alert>{html.escape(error)}</p><form method=post action='{_LOGIN_PATH}'>"
        f'<input type=hidden name=back value="{html.escape(back)}">'
        f'<p><label>Name <input name=user value="{html.escape(user)}"></label></p>'
        "<p><label>Password <input name=password type=password></label></p>"
        "<button>Sign in</button></form></body></html>"
    )
