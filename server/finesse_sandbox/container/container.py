"""The gadget container: `/gadgets/ifr` renders gadgets, `/3rdpartygadget/files/` serves files."""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from callcard.bundle import gadget_page, gadget_xml
from callcard.bundle.gadget_xml import Locale, Spec, SpecError
from callcard.bundle.layout import GadgetTab
from finesse_sandbox.http_requests import CROSS_SITE_MESSAGE, is_cross_site

FILES = "/3rdpartygadget/files/"
FETCH_LIMIT_BYTES = 4 * 1024 * 1024
"""Size of a specification, or of a script that is concatenated with others."""
FETCH_SECONDS = 5.0
SPEC_START_BYTES = 4096
"""How far into a file `<Module` may be: comments precede it."""
MAX_CONCAT_FILES = 30
"""Above CONCAT_MAX_URLS of the rendered page, because gadgets may request concat themselves."""
CONCAT_CACHE_SECONDS = 86400
"""How long a browser caches what came through concat, as with the real one."""
_CONCAT_TYPES = {"js": "text/javascript", "css": "text/css"}
_TITLE = re.compile(rb'<ModulePrefs[^>]*?\stitle\s*=\s*"([^"<]*)"')
_FETCH_ERRORS = (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class _CachedSpec:
    text: bytes
    expires_at: float


@dataclass
class Container:
    """Serves each of `folders` under FILES.

    A gadget's own folder is served by its name, a folder of gadgets by theirs.
    """

    folders: tuple[Path, ...]
    http: httpx.AsyncClient
    cache_seconds: float = 0.0
    """How long a specification is cached; 0 reads it at each use."""
    _cache: dict[str, _CachedSpec] = field(default_factory=dict)

    def file(self, path: str) -> Path | None:
        """Return the file at `path` below FILES, unless it is missing or outside its folder."""
        if "\0" in path:
            return None
        for folder in self.folders:
            file = (_base(folder, gadget_files(folder)) / path).resolve()
            if file.is_relative_to(folder.resolve()) and file.is_file():
                return file
        return None

    def gadgets(self) -> list[GadgetTab]:
        """Return a tab for every gadget specification.

        One whose category is Supervisor is in the layout of supervisors only.
        """
        found = []
        for folder in self.folders:
            files = gadget_files(folder)
            base = _base(folder, files)
            for file in files:
                path = FILES + file.relative_to(base).as_posix()
                title = _title(file) or file.stem
                found.append(GadgetTab(path, title, _category(file) == "Supervisor"))
        return found

    def clear_cache(self) -> None:
        self._cache.clear()

    # ---- /gadgets/ifr

    async def render_gadget(self, request: Request) -> Response:
        """Return the gadget in the parameter `url`, or a page that says why it is rejected."""
        # Another web site must not run its script in this origin, where everything is open to it.
        if is_cross_site(request):
            return _rejected("", CROSS_SITE_MESSAGE)
        url = request.query_params.get("url", "")
        if not url:
            return _rejected("", "url is needed: the address of a gadget XML")
        try:
            url = urljoin(str(request.base_url), url)
            return await self._render(url, request)
        except SpecError as error:
            return _rejected(url, f"{error.message} (line {error.line})")
        except _FETCH_ERRORS as error:
            return _rejected(url, f"can't be fetched: {error or type(error).__name__}")

    async def _render(self, url: str, request: Request) -> Response:
        query = request.query_params
        gadget = gadget_xml.read(await self._fetch_spec(url, request))
        lang = query.get("lang", "en")
        locale = gadget.locale(lang, query.get("country", "US"))
        messages = await self._fetch_messages(url, locale, request)
        prefs = {
            name.removeprefix("up_"): value
            for name, value in query.items()
            if name.startswith("up_")
        }
        rtl = bool(locale and locale.direction == "rtl")

        def substituted(text: str) -> str:
            return gadget_page.substitute(
                text,
                gadget,
                module_id=query.get("mid", "0"),
                prefs=prefs,
                messages=messages,
                rtl=rtl,
            )

        view = query.get("view", "default")
        href = gadget.hrefs.get(view, gadget.hrefs.get("default", ""))
        fetched = None
        if href:
            fetched = await self._fetch_page(url, substituted(href), request)
        page = gadget_page.render_page(
            gadget,
            view=view,
            url=url,
            module_id=query.get("mid", "0"),
            prefs=prefs,
            messages=messages,
            rtl=rtl,
            head=_head(gadget, messages, substituted(gadget.title)),
            fetched=fetched,
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def _fetch_spec(self, url: str, request: Request) -> bytes:
        now = asyncio.get_running_loop().time()
        cached = self._cache.get(url)
        bypass = request.query_params.get("nocache") == "1"
        if cached is not None and cached.expires_at > now and not bypass:
            return cached.text
        text = await self._fetch(url, request)
        if self.cache_seconds:
            self._cache[url] = _CachedSpec(text, now + self.cache_seconds)
        return text

    async def _fetch_page(self, url: str, href: str, request: Request) -> str:
        """Return the page that a view's `href` names. Raises SpecError and _FETCH_ERRORS."""
        address = urljoin(url, href)
        query = request.query_params
        locale = urlencode({name: query[name] for name in ("lang", "country") if name in query})
        separator = "&" if "?" in address else "?"
        content = await self._fetch(f"{address}{separator}{locale}" if locale else address, request)
        return content.decode("utf-8", "replace")

    async def _fetch_messages(
        self, url: str, locale: Locale | None, request: Request
    ) -> dict[str, str]:
        if locale is None or not locale.messages:
            return {}
        text = await self._fetch(urljoin(url, locale.messages), request)
        return gadget_xml.read_messages(text)

    # ---- /gadgets/concat

    async def concat(self, request: Request) -> Response:
        """Return several scripts or style sheets as one: the parameters 1, 2, 3 and so on."""
        if is_cross_site(request):
            return PlainTextResponse(CROSS_SITE_MESSAGE, 403)
        query = request.query_params
        media_type = _CONCAT_TYPES.get(query.get("type", "js"))
        urls = []
        for number in range(1, MAX_CONCAT_FILES + 1):
            url = query.get(str(number))
            if url:
                urls.append(url)
        if media_type is None or not urls:
            message = "type must be js or css, with the addresses in 1, 2, 3 …"
            return PlainTextResponse(message, 400)
        parts = []
        for url in urls:
            try:
                content = await self._fetch(urljoin(str(request.base_url), url), request)
            except (SpecError, *_FETCH_ERRORS) as error:
                # A missing file must not take the others with it.
                parts.append(f"/* {quote(url)}: {type(error).__name__} */")
                continue
            text = content.decode("utf-8", "replace")
            if media_type == "text/css":
                text = gadget_page.make_css_urls_absolute(text, url)
            parts.append(text)
        headers = {"Cache-Control": f"public, max-age={CONCAT_CACHE_SECONDS}"}
        return Response("\n".join(parts), media_type=media_type, headers=headers)

    async def _fetch(self, url: str, request: Request) -> bytes:
        """Return a file of this server, or of any other. Raises SpecError and _FETCH_ERRORS."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise SpecError("the address must be http or https")
        if parts.path.startswith(FILES) and url.startswith(str(request.base_url)):
            file = self.file(parts.path.removeprefix(FILES))
            if file is None:
                raise SpecError(f"there is no file {parts.path}")
            return file.read_bytes()
        async with (
            asyncio.timeout(FETCH_SECONDS),
            self.http.stream("GET", url, timeout=FETCH_SECONDS) as response,
        ):
            if response.status_code != 200:
                raise SpecError(f"{url} returned status {response.status_code}; check the address")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > FETCH_LIMIT_BYTES:
                    raise SpecError(f"larger than {FETCH_LIMIT_BYTES} bytes")
            return bytes(body)


def gadget_files(folder: Path) -> list[Path]:
    """Return the gadget specifications in a gadget's folder, or in the folders within it."""
    for pattern in ("*.xml", "*/*.xml"):
        found = [
            file
            for file in sorted(folder.glob(pattern))
            if file.is_file() and _is_specification(file)
        ]
        if found:
            return found
    return []


def _category(file: Path) -> str:
    try:
        return gadget_xml.read(file.read_bytes()).category
    except (OSError, SpecError):
        return ""


def _title(file: Path) -> str:
    """Return a gadget's title in its default language; empty if the file can't be read."""
    try:
        spec = gadget_xml.read(file.read_bytes())
        locale = spec.locale("all", "all")
        messages: dict[str, str] = {}
        if locale and locale.messages and "__MSG_" in spec.title:
            messages = gadget_xml.read_messages((file.parent / locale.messages).read_bytes())
    except (OSError, SpecError):
        match = _TITLE.search(file.read_bytes())
        return html.unescape(match[1].decode("utf-8", "replace")) if match else ""
    return gadget_page.substitute(
        spec.title, spec, module_id="0", prefs={}, messages=messages, rtl=False
    )


def _is_specification(file: Path) -> bool:
    """Distinguish a gadget from other XML beside it, such as a layout or a message bundle."""
    with file.open("rb") as opened:
        return b"<Module" in opened.read(SPEC_START_BYTES)


def _base(folder: Path, files: list[Path]) -> Path:
    """Return the folder to which addresses below FILES are relative."""
    is_gadget = any(file.parent == folder for file in files)
    return folder.parent if is_gadget else folder


def _head(gadget: Spec, messages: dict[str, str], title: str) -> str:
    """Return the scripts that configure the gadgets API before the gadget's own scripts run."""
    config = {
        "features": sorted(gadget.required | (gadget.optional & gadget_xml.FEATURES)),
        "messages": messages,
        "prefs": {pref.name: pref.default for pref in gadget.prefs},
        "title": title,
        "views": sorted(gadget.views),
        "loading": asdict(gadget.loading) if gadget.loading else None,
    }
    config_json = json.dumps(config).replace("<", "\\u003c")
    return (
        '<script src="/gadgets/js/gadgets.js"></script>'
        f"<script>gadgets.config.init({config_json});</script>"
    )


def _rejected(url: str, reason: str) -> Response:
    page = (
        "<!DOCTYPE html><html lang=en><title>Rejected</title>"
        "<body style='font:14px sans-serif;padding:1em'><h1>This gadget was rejected</h1>"
        f"<p>{html.escape(reason)}</p><p><code>{html.escape(url)}</code></p></body></html>"
    )
    return HTMLResponse(page, 400, headers={"Cache-Control": "no-store"})
