"""The sandbox's gadget container: rendering, resources, caching, layouts and libraries."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from callcard.bundle import gadget_page, gadget_xml, layout
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.conftest import AGENT

pytestmark = pytest.mark.anyio
FILES = "/3rdpartygadget/files"
GADGET = f"{FILES}/mine/g.xml"
GADGET_XML = """<Module>
<ModulePrefs title="T"><Locale messages="m.xml"/>
<Locale lang="ar" messages="m.xml" language_direction="rtl"/></ModulePrefs>
<UserPref name="colour" default_value="red"/><Content><![CDATA[<!DOCTYPE html>
<script src="own.js"></script>
<p class="__UP_colour__">__MSG_hello__ __UP_other__ __BIDI_START_EDGE__ __MODULE_ID__</p>
]]></Content></Module>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gadget's folder, with a file beside it that must not be served."""
    gadget = tmp_path / "mine"
    gadget.mkdir()
    (gadget / "g.xml").write_text(GADGET_XML)
    (gadget / "m.xml").write_text('<messagebundle><msg name="hello">Hallo</msg></messagebundle>')
    (gadget / "own.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return gadget


@asynccontextmanager
async def browser(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to a sandbox as agent 1001."""
    sandbox = Sandbox(SandboxSettings(host="finesse", **settings))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse", auth=AGENT
    ) as client:
        yield client


# ---- rendering


async def test_gadget_is_rendered_with_messages_and_preferences(folder: Path) -> None:
    async with browser(gadgets=(folder,)) as client:
        params = {"url": GADGET, "lang": "ar", "mid": "7", "up_colour": '"><b>'}
        page = (await client.get("/gadgets/ifr", params=params)).text
        assert page.startswith("<!DOCTYPE html>")
        assert '<body dir="rtl">' in page
        assert 'class="&quot;&gt;&lt;b&gt;"' in page
        assert "Hallo __UP_other__ right 7" in page
        assert page.rindex("runOnLoadHandlers") > page.index("Hallo")
        (script,) = re.findall(r'<script src="(/gadgets/concat[^"]*)"></script>\s*<p', page)
        script = html.unescape(script)
        assert "http%3A%2F%2Ffinesse%2F3rdpartygadget%2Ffiles%2Fmine%2Fown.js" in script
        response = await client.get(script)
        assert response.text == "1"
        assert response.headers["cache-control"] == "public, max-age=86400"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("mine/own.js", 200),
        ("mine/../secret.txt", 404),
        ("mine/%2e%2e/secret.txt", 404),
        ("secret.txt", 404),
        ("mine/", 404),
        ("mine/none", 404),
    ],
)
async def test_only_files_inside_the_gadget_folder_are_served(
    folder: Path, path: str, status: int
) -> None:
    async with browser(gadgets=(folder,)) as client:
        assert (await client.get(f"{FILES}/{path}")).status_code == status


@pytest.mark.parametrize(
    ("url", "reason"),
    [(f"{FILES}/mine/own.js", "not well-formed"), ("javascript:1", "must be http or https")],
)
async def test_invalid_gadget_is_rejected_with_the_reason(
    folder: Path, url: str, reason: str
) -> None:
    async with browser(gadgets=(folder,)) as client:
        response = await client.get("/gadgets/ifr", params={"url": url})
    assert response.status_code == 400
    assert reason in response.text


async def test_missing_address_of_a_gadget_is_named(folder: Path) -> None:
    async with browser(gadgets=(folder,)) as client:
        response = await client.get("/gadgets/ifr")
    assert response.status_code == 400
    assert "url is needed" in response.text


async def test_gadgets_are_found_beside_a_layout(folder: Path) -> None:
    (folder.parent / "layout-tabs-on-finesse.xml").write_text(LAYOUT.format("<header/>"))
    async with browser(gadgets=(folder.parent,)) as client:
        session = (await client.get("/desktop/session")).json()
        assert [tab["label"] for tab in session["layout"]["tabs"]] == ["T"]
        assert (await client.get(GADGET)).status_code == 200


async def test_specification_is_cached_unless_bypassed(folder: Path) -> None:
    async with browser(gadgets=(folder,), spec_cache=True) as client:
        params = {"url": GADGET}
        await client.get("/gadgets/ifr", params=params)
        (folder / "g.xml").write_text(GADGET_XML.replace("__MSG_hello__", "changed"))
        assert "changed" not in (await client.get("/gadgets/ifr", params=params)).text
        params["nocache"] = "1"
        assert "changed" in (await client.get("/gadgets/ifr", params=params)).text


async def test_reset_clears_the_specification_cache(folder: Path) -> None:
    async with browser(gadgets=(folder,), spec_cache=True) as client:
        params = {"url": GADGET}
        await client.get("/gadgets/ifr", params=params)
        (folder / "g.xml").write_text(GADGET_XML.replace("__MSG_hello__", "changed"))
        await client.post("/sandbox/reset")
        assert "changed" in (await client.get("/gadgets/ifr", params=params)).text


# ---- resources

WITH_RESOURCES = """<Module><ModulePrefs title="T">
<Optional feature="content-rewrite"><Param name="exclude-url">finesse.js</Param></Optional>
</ModulePrefs><Content><![CDATA[
<link rel="stylesheet" type="text/css" href="a.css"><link rel=stylesheet type=text/css href='b.css'>
<link rel="stylesheet" type="text/css" media="print" href="print.css">
<link rel="stylesheet" href="untyped.css">
<script src="/desktop/assets/js/finesse.js"></script><script src=one.js defer></script>
<!-- the second --><script src="https://elsewhere.example/two.js?x=1&amp;y=2"></script>
<script type="module" src="three.js"></script>
<!--[if IE]><script src="ie.js"></script><![endif]-->
<script>const notRewritten = '<img src="four.png">';</script>
<img src="five.png"><img src="data:image/png;base64,x">
]]></Content></Module>"""


def test_resources_are_rewritten_to_concat_and_proxy() -> None:
    url = f"http://finesse{GADGET}"
    rendered = gadget_page.render_page(
        gadget_xml.read(WITH_RESOURCES.encode()),
        view="default",
        url=url,
        module_id="1",
        prefs={},
        messages={},
        rtl=False,
        head="",
    )
    page = html.unescape(rendered)
    base = quote_plus(f"http://finesse{FILES}/mine/")
    other = quote_plus("https://elsewhere.example/two.js?x=1&y=2")
    concat = re.findall(r'<[^>]*(?:href|src)="(/gadgets/concat[^"]*)"([^>]*)>', page)
    (styles, _), (printed, _), (scripts, attributes) = concat
    assert styles.endswith(f"type=css&1={base}a.css&2={base}b.css")
    assert printed.endswith(f"type=css&1={base}print.css"), "another medium"
    assert 'media="print" href="/gadgets/concat' in page
    assert f'href="http://finesse{FILES}/mine/untyped.css"' in page
    # A comment between them does not separate scripts, and a module becomes a classic script.
    assert scripts.endswith(f"type=js&1={base}one.js&2={other}&3={base}three.js")
    assert attributes == " defer", "those of the first"
    assert "module" not in page
    assert '<!--[if IE]><script src="ie.js"></script><![endif]-->' in page, "it stays a comment"
    assert '<script src="/desktop/assets/js/finesse.js">' in page
    assert f"/gadgets/proxy?container=default&gadget={quote_plus(url)}&url={base}five.png" in page
    assert '<img src="data:image/png;base64,x">' in page


INERT = """<script>var a = "<img src=\\"a.gif\\">" + '<script src="b.js"><\\/script>';</script>
<script type="text/template"><img src="{{y}}"><img src='${u}'></script>
<!-- <script src="old.js"></script> <img src="c.gif"> -->
<textarea><script src="d.js"></script></textarea>
<SCRIPT>if (1 < 2) document.write('<body background=\\'y\\'>');</SCRIPT>"""


def render(content: str) -> str:
    """Return the page of a gadget with this content."""
    text = f'<Module><ModulePrefs title="T"/><Content><![CDATA[{content}]]></Content></Module>'
    page = gadget_page.render_page(
        gadget_xml.read(text.encode()),
        view="default",
        url="http://finesse/g/mine.xml",
        module_id="1",
        prefs={},
        messages={},
        rtl=False,
        head="",
    )
    return html.unescape(page)


def test_texts_of_scripts_and_comments_stay_as_they_are() -> None:
    assert INERT in render(INERT)
    neighbours = '<script src="b.js"></script><!-- <script src="a.js"></script> -->'
    page = render(f'{neighbours}<script src="c.js">/* old */</script>')
    assert "&1=http%3A%2F%2Ffinesse%2Fg%2Fb.js&2=http%3A%2F%2Ffinesse%2Fg%2Fc.js" in page
    assert "a.js" not in page
    for unfinished in (
        "<!-- <img src=a.gif>",
        "<script>'<img src=a.gif>'",
        "<style>a{}<img src=b>",
    ):
        assert unfinished in render(unfinished)
    styled = render('<style>p { background: url("a.png") }</style><style></style>')
    assert 'url("http://finesse/g/a.png")' in styled


async def test_module_is_not_run_as_a_module_when_it_is_alone() -> None:
    spec = '<Module><ModulePrefs title="T"/><Content><![CDATA[{}]]></Content></Module>'
    text = spec.format("<script type='module' crossorigin src='a.js'></script>")
    page = gadget_page.render_page(
        gadget_xml.read(text.encode()),
        view="default",
        url=f"http://finesse{GADGET}",
        module_id="1",
        prefs={},
        messages={},
        rtl=False,
        head="",
    )
    assert "type=" not in html.unescape(page).replace("type=js", "")
    assert " crossorigin src=" in page


async def test_page_that_href_names_is_rendered(folder: Path) -> None:
    """As Shindig does: addresses relative to the specification, nothing replaced in the page."""
    (folder / "pages").mkdir()
    (folder / "pages" / "my.html").write_text(
        "<!DOCTYPE html><html><head><script src='own.js'></script></head>"
        "<body><p>__UP_colour__ Grüße</p></body></html>",
        "utf-8",
    )
    (folder / "g.xml").write_text(
        '<Module><ModulePrefs title="T"/><UserPref name="colour" default_value="my"/>'
        '<Content type="html" href="pages/__UP_colour__.html">inline</Content></Module>'
    )
    async with browser(gadgets=(folder,)) as client:
        params = {"url": GADGET, "lang": "de", "country": "DE"}
        response = await client.get("/gadgets/ifr", params=params)
        page = html.unescape(response.text)
        assert response.status_code == 200
        assert "__UP_colour__ Grüße" in page
        assert "inline" not in page
        assert quote_plus(f"http://finesse{FILES}/mine/own.js") in page
        assert page.startswith('<!DOCTYPE html><html><head><script src="/gadgets/js/gadgets.js')
        assert "gadgets.util.runOnLoadHandlers()" in page
        (folder / "pages" / "my.html").unlink()
        missing = await client.get("/gadgets/ifr", params=params)
        assert missing.status_code == 400
        assert "there is no file" in missing.text


async def test_title_and_loading_indicator_are_passed_on(folder: Path) -> None:
    (folder / "g.xml").write_text(
        '<Module><ModulePrefs title="__MSG_hello__"><Locale messages="m.xml"/>'
        '<Require feature="loadingindicator"><Param name="loading-timeout">100</Param></Require>'
        "</ModulePrefs><Content>x</Content></Module>"
    )
    async with browser(gadgets=(folder,)) as client:
        page = (await client.get("/gadgets/ifr", params={"url": GADGET})).text
        assert '"title": "Hallo"' in page
        assert '"loading": {"manual_dismiss": false, "timeout_seconds": 100}' in page
        session = (await client.get("/desktop/session")).json()
        assert [tab["label"] for tab in session["layout"]["tabs"]] == ["Hallo"]


async def test_concat_skips_missing_files_and_makes_css_urls_absolute(folder: Path) -> None:
    (folder / "a.css").write_text("p { background: url(img/x.png) url('data:x') url(\"/y.png\") }")
    files = f"http://finesse{FILES}/mine/"
    async with browser(gadgets=(folder,)) as client:
        params = {"type": "css", "1": files + "none.css", "2": files + "a.css"}
        response = await client.get("/gadgets/concat", params=params)
        assert f"url({files}img/x.png) url('data:x') url(\"/y.png\")" in response.text
        assert "none.css: SpecError" in response.text
        wrong_type = await client.get("/gadgets/concat", params={"type": "exe", "1": files})
        assert wrong_type.status_code == 400
        assert (await client.get("/gadgets/concat")).status_code == 400


@pytest.mark.parametrize(
    ("library", "is_completed"),
    [
        ("window.finesse = {};", True),
        ("window.finesse = { getAuthHeaderString: 1 };", False),
    ],
)
async def test_older_finesse_library_is_completed(
    tmp_path: Path, library: str, is_completed: bool
) -> None:
    file = tmp_path / "finesse.js"
    file.write_text(library)
    async with browser(finesse_js=file) as client:
        text = (await client.get("/desktop/assets/js/finesse.js")).text
    assert text.startswith(library)
    assert ("finesse.gadget?.Config" in text) is is_completed


# ---- layouts


async def test_without_a_layout_each_gadget_has_a_tab(folder: Path) -> None:
    async with browser(gadgets=(folder,)) as client:
        session = (await client.get("/desktop/session")).json()
        assert [tab["label"] for tab in session["layout"]["tabs"]] == ["T"]
        rejected = await client.get("/desktop/session", auth=("1001", "wrong"))
        assert rejected.status_code == 401


LAYOUT = '<finesseLayout xmlns="http://www.cisco.com/vtg/finesse">{}</finesseLayout>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a", "not well-formed"),
        ("<finesseLayout/>", "the root must be"),
        ('<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"/>', "needs <header>"),
        (LAYOUT.format("<header/>"), "no <layout>"),
        (LAYOUT.format("<header/><layout><role>Boss</role></layout>"), "Boss"),
    ],
)
def test_invalid_layout_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(layout.LayoutError, match=reason):
        layout.read(text.encode())
