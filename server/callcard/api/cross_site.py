"""Refuse requests that another site's page makes a browser send (CSRF).

Gadgets and other web apps call the API from servers, which send none of these headers. A browser
sends them, and a page cannot forge them.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from callcard.api.xml_bodies import MEDIA_TYPES, media_type_of
from callcard.errors import NotPermitted, UnsupportedMediaType

_OTHER_SITES = ("cross-site", "same-site")
"""`same-site` is another host or port of the same domain."""
_BROWSER_HEADERS = ("origin", "referer", "sec-fetch-site", "sec-fetch-mode", "cookie")


def check_same_site(
    headers: Headers, *, takes_xml: bool = False, origins: Collection[str] = ()
) -> None:
    """Check the headers of a request that changes something. `origins` are other sites that may.

    Raises NotPermitted for one from another site, UnsupportedMediaType for a body of another type
    than JSON, or XML where the endpoint takes it: these make a browser ask before it sends.
    """
    site = headers.get("sec-fetch-site", "").lower()
    origin = headers.get("origin")
    is_other = site in _OTHER_SITES or (origin is not None and not _is_own(origin, headers))
    if is_other and origin not in origins:
        raise NotPermitted("This request comes from another site; call the API from a server")
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    content_type = headers.get("content-type")
    if content_type is None and not any(name in headers for name in _BROWSER_HEADERS):
        return
    media_type = media_type_of(content_type or "")
    if takes_xml and media_type in MEDIA_TYPES:
        return
    if has_body and media_type != "application/json":
        raise UnsupportedMediaType("Send the body as Content-Type: application/json")


def _is_own(origin: str, headers: Headers) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False
