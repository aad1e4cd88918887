"""The gadget container: `/gadgets/ifr` fetches, checks and renders a gadget; `/3rdpartygadget/files/` serves what was uploaded."""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from callcard.bundle import gadget_xml
from callcard.bundle.gadget_xml import Spec, SpecError

FILES = "/3rdpartygadget/files/"
SPEC_LIMIT = 4 * 1024 * 1024
"""Bytes of a specification, or of a script that is put together with others."""
CONCATENATED = 30
"""Files in one /gadgets/concat."""
REFRESH = 86400
"""Seconds for which a browser keeps what came through concat, as with the real one."""


@dataclass
class Container:
    """`folders` are served under FILES: a gadget's own folder by its name, a folder of gadgets by theirs."""

    folders: tuple[Path, ...]
    http: httpx.AsyncClient
    keep: float = 0.0
    """Seconds for which a specification is kept; 0 reads it at each use."""
    _kept: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    def file(self, path: str) -> Path | None:
        """The uploaded file at `path` (below FILES), if there is one and it lies inside its folder."""
        for folder in self.folders:
            if "\0" in path:
                return None
            base = folder.parent if any(folder.glob("*.xml")) else folder
            found = (base / path).resolve()
            inside = found.is_relative_to(folder.resolve())
            if inside and found.is_file():
                return found
        return None

    def gadgets(self) -> list[tuple[str, str]]:
        """The path and the title of every gadget specification that was uploaded."""
        found = []
        for folder in self.folders:
            for file in sorted(folder.glob("*.xml")) or sorted(folder.glob("*/*.xml")):
                text = file.read_bytes()
                if b"<Module" in text[:4096]:
                    base = folder.parent if file.parent == folder else folder
                    title = re.search(rb'<ModulePrefs[^>]*?\stitle\s*=\s*"([^"<]*)"', text)
                    label = html.unescape(title[1].decode("utf-8", "replace")) if title else ""
                    found.append((FILES + file.relative_to(base).as_posix(), label or file.stem))
        return found

    async def ifr(self, request: Request) -> Response:
        """The iframe of the gadget in the parameter `url`, or a page that says why it is refused."""
        query = request.query_params
        # Another web site must not run its script in this origin, from where everything here is open.
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refused("", "gadgets are shown by the desktop of this origin")
        url = query.get("url", "")
        try:
            url = urljoin(str(request.base_url), url)
            async with asyncio.timeout(5):
                gadget = gadget_xml.read(await self._spec(url, request))
            lang, country = query.get("lang", "en"), query.get("country", "US")
            locale = gadget.locale(lang, country)
            messages = {}
            if locale and locale.messages:
                async with asyncio.timeout(5):
                    messages = gadget_xml.read_messages(
                        await self._fetch(urljoin(url, locale.messages), request)
                    )
        except SpecError as error:
            return _refused(url, f"{error.message} (line {error.line})")
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
            return _refused(url, f"can't be fetched: {error or type(error).__name__}")
        rtl = bool(locale and locale.direction == "rtl")
        prefs = {name[3:]: value for name, value in query.items() if name.startswith("up_")}
        module_id = query.get("mid", "0")
        page = gadget_xml.page(
            gadget, view=query.get("view", "default"), url=url, module_id=module_id, prefs=prefs,
            messages=messages, rtl=rtl, head=_head(gadget, messages, lang),
        )  # fmt: skip
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def _spec(self, url: str, request: Request) -> bytes:
        now = asyncio.get_running_loop().time()
        until, text = self._kept.get(url, (0.0, b""))
        if until > now and request.query_params.get("nocache") != "1":
            return text
        text = await self._fetch(url, request)
        if self.keep:
            self._kept[url] = (now + self.keep, text)
        return text

    async def concat(self, request: Request) -> Response:
        """Several scripts or style sheets as one: the addresses are the parameters 1, 2, 3 and so on."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("concat is for gadgets of this origin", 403)
        query = request.query_params
        kind = {"js": "text/javascript", "css": "text/css"}.get(query.get("type", "js"))
        urls = [url for place in range(1, CONCATENATED + 1) if (url := query.get(str(place)))]
        if kind is None or not urls:
            return PlainTextResponse("type must be js or css, with the addresses in 1, 2, 3 …", 400)
        parts = []
        for url in urls:
            try:
                async with asyncio.timeout(5):
                    text = (await self._fetch(urljoin(str(request.base_url), url), request)).decode(
                        "utf-8", "replace"
                    )
                parts.append(
                    gadget_xml.css_made_absolute(text, url) if kind == "text/css" else text
                )
            except (SpecError, OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
                # One that is missing does not take the others with it.
                parts.append(f"/* {quote(url)}: {type(error).__name__} */")
        return Response(
            "\n".join(parts),
            media_type=kind,
            headers={"Cache-Control": f"public, max-age={REFRESH}"},
        )

    async def _fetch(self, url: str, request: Request) -> bytes:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise SpecError("the address must be http or https")
        if parts.path.startswith(FILES) and url.startswith(str(request.base_url)):
            file = self.file(parts.path.removeprefix(FILES))
            if file is None:
                raise SpecError(f"there is no file {parts.path}")
            return file.read_bytes()
        async with self.http.stream("GET", url, timeout=5) as response:
            if response.status_code != 200:
                raise SpecError(f"{url} answered {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > SPEC_LIMIT:
                    raise SpecError(f"larger than {SPEC_LIMIT} bytes")
            return bytes(body)


def _head(gadget: Spec, messages: dict[str, str], lang: str) -> str:
    """The runtime, told what it must know before the gadget's own scripts run."""
    config = {
        "features": sorted(gadget.required | (gadget.optional & gadget_xml.FEATURES)),
        "messages": messages,
        "prefs": {pref.name: pref.default for pref in gadget.prefs},
        "title": gadget.title,
        "views": sorted(gadget.views),
    }
    told = json.dumps(config).replace("<", "\\u003c")
    return f'<script src="/gadgets/js/gadgets.js"></script><script>gadgets.config.init({told});</script>'


def _refused(url: str, reason: str) -> Response:
    body = f"<h1>This gadget was refused</h1><p>{html.escape(reason)}</p><p><code>{html.escape(url)}</code></p>"
    return HTMLResponse(
        f"<!DOCTYPE html><html lang=en><title>Refused</title><body style='font:14px sans-serif;padding:1em'>{body}</body></html>",
        400,
        headers={"Cache-Control": "no-store"},
    )
