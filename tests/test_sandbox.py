"""The stand-in: its REST API, its calls, its proxy and its container behave as the real ones are documented to."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

import httpx
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from callcard.bundle import gadget_xml, layout
from callcard.finesse import messages
from callcard.finesse.objects import Dialog, SystemInfo
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.container.proxy import PREFIX, Proxy
from finesse_sandbox.notifications.events import Notification, Session
from finesse_sandbox.site import Refusal
from tests.conftest import AGENT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rest(finesse: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(finesse.app), base_url="http://finesse", auth=AGENT
    ) as client:
        yield client


class Heard:
    """What the notification service told one user."""

    def __init__(self, sandbox: Sandbox, user: str = "1001") -> None:
        self.updates: list[tuple[str, etree._Element]] = []
        outlet = sandbox.nodes[0].outlet
        session = Session(
            sandbox.agents.users[user], f"{user}@finesse/test", self._hear, lambda reason: None
        )
        outlet.join(session)
        outlet.available(session, True)

    def _hear(self, notification: Notification) -> None:
        self.updates.append((notification.node, etree.fromstring(notification.update)))

    def told(self) -> list[tuple[str, str, str]]:
        """Event, source and state of each, since the last time."""
        told = [
            (u.findtext("event", ""), u.findtext("source", ""), (u.findtext(".//state") or ""))
            for _node, u in self.updates
        ]
        self.updates.clear()
        return told


# ---- REST


async def test_signing_in_answers_202_and_tells_by_event(
    rest: httpx.AsyncClient, finesse: Sandbox
) -> None:
    heard = Heard(finesse, "1002")
    body = "<User><state>LOGIN</state><extension>1002</extension></User>"
    answer = await rest.put(
        "/finesse/api/User/1002",
        content=body,
        auth=("1002", "callcard"),
        headers={"requestId": "r1"},
    )
    assert (answer.status_code, answer.content, answer.headers["requestid"]) == (202, b"", "r1")
    ((node, update),) = heard.updates
    assert node == "/finesse/api/User/1002"
    assert update.findtext("requestId") == "r1"
    assert next(child.tag for child in update) == "data"
    assert update.findtext("data/user/state") == "NOT_READY"
    assert update.findtext("data/user/reasonCodeId") == "-1"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "User/9999", None, 404, "User Not Found"),
        ("GET", "User/1002", None, 401, "Invalid Authorization User Specified"),
        ("PUT", "User/1001", "<User/>", 400, "Parameter Missing"),
        ("PUT", "User/1001", "<User><state>SLEEPING</state></User>", 400, "Invalid Input"),
        ("PUT", "User/1001", "<User><state>NOT_READY</state></User>", 400, "Parameter Missing"),
        ("PUT", "User/1001", "<User><state>NOT_READY</state><reasonCodeId>4</reasonCodeId></User>", 400, "Invalid Input"),
        ("PUT", "User/1001", "<user><state>READY</state></user>", 400, "Bad Request"),
        ("PUT", "User/1001", "<User><state>", 400, "Bad Request"),
        ("PUT", "User/1001", "<!DOCTYPE User [<!ENTITY a 'READY'>]><User><state>&a;</state></User>", 400, "Bad Request"),
        ("GET", "User/1001/ReasonCodes", None, 400, "Parameter Missing"),
        ("GET", "Dialog/1", None, 404, "Dialog Not Found"),
        ("PUT", "Dialog/1", "<Dialog/>", 404, "Dialog Not Found"),
        ("POST", "User/1001/Dialogs", "<Dialog><requestedAction>MAKE_CALL</requestedAction></Dialog>", 400, "Parameter Missing"),
        ("GET", "Team/1", None, 401, "Authorization Failure"),
    ],
)  # fmt: skip
async def test_refusals_are_finesses_own(
    rest: httpx.AsyncClient, method: str, path: str, body: str | None, status: int, kind: str
) -> None:
    answer = await rest.request(method, f"/finesse/api/{path}", content=body)
    assert answer.status_code == status
    assert etree.fromstring(answer.content).findtext("ApiError/ErrorType") == kind


async def test_five_wrong_passwords_lock_the_agent_out(rest: httpx.AsyncClient) -> None:
    for _ in range(5):
        assert (await rest.get("/finesse/api/User/1001", auth=("1001", "wrong"))).status_code == 401
    assert (await rest.get("/finesse/api/User/1001")).status_code == 401


async def test_the_supervisor_sees_the_team(rest: httpx.AsyncClient) -> None:
    team = etree.fromstring(
        (
            await rest.get(
                "/finesse/api/Team/1?includeLoggedOutAgents=true", auth=("2001", "callcard")
            )
        ).content
    )
    assert [u.findtext("loginId") for u in team.iter("User")] == ["1001", "1002", "1003", "2001"]
    team = etree.fromstring(
        (await rest.get("/finesse/api/Team/1", auth=("2001", "callcard"))).content
    )
    assert [u.findtext("loginId") for u in team.iter("User")] == ["1001"]


async def test_system_info_needs_no_credentials(rest: httpx.AsyncClient) -> None:
    info = messages.read(
        (await rest.get("/finesse/api/SystemInfo?nocache=1", auth=None)).content, SystemInfo
    )
    assert (info.status, info.deployment_type) == ("IN_SERVICE", "UCCE")


# ---- calls


def test_an_incoming_call_in_finesses_order(finesse: Sandbox) -> None:
    switch, heard = finesse.switch, Heard(finesse)
    dialogs = "/finesse/api/User/1001/Dialogs"
    finesse.agents.set_state(finesse.agents.users["1001"], "READY", "", "")
    call = switch.ring("+12125550123", "1001", "Support")
    one = f"/finesse/api/Dialog/{call.id}"
    assert heard.told() == [
        ("PUT", "/finesse/api/User/1001", "READY"), ("PUT", "/finesse/api/User/1001", "RESERVED"), ("POST", dialogs, "INITIATED"),
    ]  # fmt: skip
    switch.act(call, "1001", "ANSWER")
    assert [(e, s) for e, s, _ in heard.told()] == [("PUT", one), ("PUT", "/finesse/api/User/1001")]
    switch.act(call, "1001", "HOLD")
    assert finesse.agents.users["1001"].state == "HOLD"
    switch.act(call, "1001", "RETRIEVE")
    heard.updates.clear()
    switch.drop_outside(call)
    assert [(e, s) for e, s, _ in heard.told()] == [
        ("PUT", one),
        ("PUT", one),
        ("DELETE", dialogs),
        ("PUT", "/finesse/api/User/1001"),
    ]
    assert (finesse.agents.users["1001"].state, switch.dialogs) == ("READY", {})


def test_on_uccx_a_held_call_leaves_the_agent_talking() -> None:
    sandbox = Sandbox(SandboxSettings(platform="uccx"))
    switch = sandbox.switch
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    call = switch.ring("+12125550123", "1001", "Support")
    switch.act(call, "1001", "ANSWER")
    switch.act(call, "1001", "HOLD")
    assert sandbox.agents.users["1001"].state == "TALKING"


def test_dialling_out_is_told_step_by_step_and_twice_as_new(finesse: Sandbox) -> None:
    switch, heard = finesse.switch, Heard(finesse)
    call = switch.make_call(finesse.agents.users["1001"], "+12125550123", "r7")
    assert call
    calls = [u for node, u in heard.updates if node.endswith("/Dialogs")]
    assert [u.findtext("event") for u in calls] == ["POST", "POST", "PUT", "PUT"]
    assert [u.findtext("data//fromAddress/../state") for u in calls] == [
        "INITIATING",
        "INITIATING",
        "INITIATED",
        "ALERTING",
    ]
    assert calls[0].findtext("requestId") == "r7"
    switch.answer_outside(call)
    assert call.state == "ACTIVE"


def test_one_agent_calls_another(finesse: Sandbox) -> None:
    switch = finesse.switch
    finesse.agents.sign_in(finesse.agents.users["1002"], "1002", "")
    heard = Heard(finesse, "1002")
    call = switch.make_call(finesse.agents.users["1001"], "1002", "")
    assert call
    assert heard.told()[0][:2] == ("POST", "/finesse/api/User/1002/Dialogs")
    switch.act(call, "1002", "ANSWER")
    assert {finesse.agents.users[id].state for id in ("1001", "1002")} == {"TALKING"}
    switch.act(call, "1001", "DROP")
    assert {finesse.agents.users[id].state for id in ("1001", "1002")} == {"NOT_READY"}


def test_what_is_not_allowed_is_refused_by_event(finesse: Sandbox) -> None:
    switch, heard = finesse.switch, Heard(finesse)
    call = switch.ring("+12125550123", "1001")
    heard.updates.clear()
    switch.act(call, "1001", "HOLD", "r9")
    ((node, update),) = heard.updates
    assert node == "/finesse/api/User/1001/Dialogs"
    assert update.findtext("source") == f"/finesse/api/Dialog/{call.id}"
    assert update.findtext("requestId") == "r9"
    assert update.findtext("data/apiErrors/apiError/errorMessage") == "CF_INVALID_OBJECT_STATE"
    with pytest.raises(Refusal, match="Nobody is signed in"):
        switch.ring("+12125550123", "1003")


# ---- the client's reading against the stand-in's writing


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40).map(str.strip)


@hypothesis.settings(max_examples=20)
@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=5), TEXT)
def test_a_call_reads_as_it_was_written(variables: dict[str, str], queue: str) -> None:
    sandbox = Sandbox(SandboxSettings())
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    from finesse_sandbox import xml

    call = sandbox.switch.ring("+12125550123", "1001", queue, variables)
    (read,) = messages.read_list(xml.document(xml.dialogs([call])), Dialog)
    told = {each.name: each.value for each in read.properties.call_variables}
    assert told == {f"callVariable{n}": "" for n in range(1, 11)} | variables
    assert (read.id, read.from_address, read.properties.queue_name) == (
        call.id,
        "+12125550123",
        queue,
    )
    assert [p.actions for p in read.participants] == [(), ("ANSWER",)]


# ---- the proxy


@pytest.fixture
def backend() -> Starlette:
    counted = iter(range(1000))

    async def echo(request: Request) -> Response:
        body = (await request.body()).decode()
        told = {
            "method": request.method,
            "headers": dict(request.headers),
            "body": body,
            "count": next(counted),
        }
        return JSONResponse(told, headers={"Set-Cookie": "a=b", "X-Own": "1"})

    methods = ["GET", "POST", "PUT", "DELETE"]

    async def slow(request: Request) -> Response:
        import asyncio

        await asyncio.sleep(1)
        return Response()

    return Starlette(
        routes=[
            Route("/echo", echo, methods=methods),
            Route("/silent", lambda r: JSONResponse({"n": next(counted)})),
            Route(
                "/private",
                lambda r: JSONResponse({"n": next(counted)}, headers={"Cache-Control": "no-store"}),
            ),
            Route("/away", lambda r: RedirectResponse("/echo")),
            Route("/slow", slow),
        ]
    )


async def ask(
    backend: Starlette,
    *,
    cache: bool = False,
    form: dict[str, str],
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(backend), base_url="http://crm", follow_redirects=True
    )
    proxy = Proxy(client, cache, seconds=0.2)
    app = Starlette(routes=[Route("/gadgets/makeRequest", proxy.answer, methods=["GET", "POST"])])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://finesse"
    ) as gadget:
        if cache:
            await gadget.post("/gadgets/makeRequest", data=form, headers=headers)
        return await gadget.post("/gadgets/makeRequest", data=form, headers=headers)


def answered(answer: httpx.Response, url: str) -> Any:
    assert answer.text.startswith(PREFIX)
    return json.loads(answer.text.removeprefix(PREFIX))[url]


def encoded(**headers: str) -> str:
    return urlencode(
        {name.replace("_", "-"): value for name, value in headers.items()}, quote_via=quote_plus
    )


async def test_the_proxy_passes_on_what_it_should_and_drops_the_rest(backend: Starlette) -> None:
    url = "http://crm/echo?x=1"
    headers = encoded(Authorization="Basic QQ==", X_Own="a=b&c", Host="evil", Accept_Encoding="br")
    form = {"url": url, "httpMethod": "POST", "headers": headers, "postData": '{"a": "ü"}'}
    told = answered(await ask(backend, form=form, headers={"Cookie": "session=1"}), url)
    assert told["rc"] == 200
    assert told["headers"] == {"set-cookie": ["a=b"]}
    seen = json.loads(told["body"])
    assert seen["headers"]["authorization"] == "Basic QQ=="
    assert seen["headers"]["x-own"] == "a=b&c"
    assert seen["headers"]["host"] == "crm"
    assert "x-forwarded-for" in seen["headers"]
    assert "cookie" not in seen["headers"]
    assert seen["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert seen["body"] == '{"a": "ü"}'


async def test_the_proxy_full_headers_delete_and_redirects(backend: Starlette) -> None:
    url = "http://crm/echo"
    told = answered(
        await ask(
            backend,
            form={"url": url, "httpMethod": "DELETE", "postData": "lost", "getFullHeaders": "true"},
        ),
        url,
    )
    assert told["headers"]["x-own"] == ["1"]
    assert json.loads(told["body"])["body"] == ""
    url = "http://crm/away"
    assert answered(await ask(backend, form={"url": url}), url)["rc"] == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"url": "http://crm/echo", "httpMethod": "PATCH"}, 400),
        ({"url": "http://crm/echo", "headers": "broken"}, 400),
        ({"url": "file:///etc/passwd"}, 400),
        ({"url": "/relative"}, 400),
        ({}, 400),
    ],
)
async def test_the_proxy_refuses(backend: Starlette, form: dict[str, str], status: int) -> None:
    assert (await ask(backend, form=form)).status_code == status


async def test_the_proxy_is_not_for_other_web_sites(backend: Starlette) -> None:
    answer = await ask(
        backend, form={"url": "http://crm/echo"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_the_proxy_gives_up_with_504(backend: Starlette) -> None:
    assert answered(await ask(backend, form={"url": "http://crm/slow"}), "http://crm/slow") == {
        "rc": 504,
        "body": "",
        "headers": {},
    }


@pytest.mark.parametrize(
    ("path", "refresh", "kept"),
    [
        ("silent", None, True),
        ("private", None, False),
        ("private", "60", True),
        ("silent", "0", False),
    ],
)
async def test_the_proxy_cache_forgets_who_asks(
    backend: Starlette, path: str, refresh: str | None, kept: bool
) -> None:
    url = f"http://crm/{path}"
    form = {"url": url} | ({"refresh": refresh} if refresh else {})
    again = json.loads(answered(await ask(backend, cache=True, form=form), url)["body"])
    assert again["n"] == (0 if kept else 1)


# ---- the container


SPEC = """<Module><ModulePrefs title="T"><Locale messages="m.xml"/><Locale lang="ar" messages="m.xml" language_direction="rtl"/>
</ModulePrefs><UserPref name="colour" default_value="red"/><Content><![CDATA[<!DOCTYPE html>
<script src="own.js"></script>
<p class="__UP_colour__">__MSG_hello__ __UP_other__ __BIDI_START_EDGE__ __MODULE_ID__</p>
]]></Content></Module>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gadget = tmp_path / "mine"
    gadget.mkdir()
    (gadget / "g.xml").write_text(SPEC)
    (gadget / "m.xml").write_text('<messagebundle><msg name="hello">Hallo</msg></messagebundle>')
    (gadget / "own.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return gadget


async def test_gadgets_are_rendered_with_their_texts_and_prefs(folder: Path) -> None:
    sandbox = Sandbox(SandboxSettings(gadgets=(folder,), host="finesse"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
    ) as client:
        url = "/3rdpartygadget/files/mine/g.xml"
        page = (
            await client.get(
                "/gadgets/ifr", params={"url": url, "lang": "ar", "mid": "7", "up_colour": '"><b>'}
            )
        ).text
        assert page.startswith("<!DOCTYPE html>")
        assert '<body dir="rtl">' in page
        assert 'class="&quot;&gt;&lt;b&gt;"' in page
        assert "Hallo __UP_other__ right 7" in page
        (merged,) = re.findall(r'<script src="(/gadgets/concat[^"]*)"></script>\s*<p', page)
        merged = html.unescape(merged)
        assert "http%3A%2F%2Ffinesse%2F3rdpartygadget%2Ffiles%2Fmine%2Fown.js" in merged
        answer = await client.get(merged)
        assert (answer.text, answer.headers["cache-control"]) == ("1", "public, max-age=86400")
        assert page.rindex("runOnLoadHandlers") > page.index("Hallo")
        for path in (
            "mine/own.js",
            "mine/../secret.txt",
            "mine/%2e%2e/secret.txt",
            "secret.txt",
            "mine/",
            "mine/none",
        ):
            assert (await client.get("/3rdpartygadget/files/" + path)).status_code == (
                200 if path == "mine/own.js" else 404
            )
        refused = await client.get(
            "/gadgets/ifr", params={"url": "/3rdpartygadget/files/mine/own.js"}
        )
        assert refused.status_code == 400
        assert "not well-formed" in refused.text
        refused = await client.get("/gadgets/ifr", params={"url": "javascript:1"})
        assert refused.status_code == 400


REWRITTEN = """<Module><ModulePrefs title="T"><Optional feature="content-rewrite"><Param name="exclude-url">finesse.js</Param>
</Optional></ModulePrefs><Content><![CDATA[
<link rel="stylesheet" type="text/css" href="a.css"><link rel=stylesheet href='b.css'>
<script src="/desktop/assets/js/finesse.js"></script><script src="one.js"></script>
<script src="https://elsewhere.example/two.js?x=1&amp;y=2"></script>
<script type="module" src="three.js"></script>
<script>const notRewritten = '<img src="four.png">';</script>
<img src="five.png"><img src="data:image/png;base64,x">
]]></Content></Module>"""


def test_resources_go_through_the_containers_own_addresses() -> None:
    gadget = gadget_xml.read(REWRITTEN.encode())
    url = "http://finesse/3rdpartygadget/files/mine/g.xml"
    page = html.unescape(
        gadget_xml.page(
            gadget,
            view="default",
            url=url,
            module_id="1",
            prefs={},
            messages={},
            rtl=False,
            head="",
        )
    )
    base = quote_plus("http://finesse/3rdpartygadget/files/mine/")
    styles, scripts = re.findall(r'(?:href|src)="(/gadgets/concat[^"]*)"', page)
    assert styles.endswith(f"type=css&1={base}a.css&2={base}b.css")
    assert scripts.endswith(
        f"type=js&1={base}one.js&2=https%3A%2F%2Felsewhere.example%2Ftwo.js%3Fx%3D1%26y%3D2"
    )
    assert '<script src="/desktop/assets/js/finesse.js">' in page
    assert '<script type="module" src="http://finesse/3rdpartygadget/files/mine/three.js">' in page
    assert f"/gadgets/proxy?container=default&gadget={quote_plus(url)}&url={base}five.png" in page
    assert '<img src="data:image/png;base64,x">' in page


async def test_concat_keeps_what_is_there_and_moves_what_a_style_refers_to(folder: Path) -> None:
    (folder / "a.css").write_text("p { background: url(img/x.png) url('data:x') url(\"/y.png\") }")
    sandbox = Sandbox(SandboxSettings(gadgets=(folder,), host="finesse"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
    ) as client:
        files = "http://finesse/3rdpartygadget/files/mine/"
        answer = await client.get(
            "/gadgets/concat", params={"type": "css", "1": files + "none.css", "2": files + "a.css"}
        )
        assert f"url({files}img/x.png) url('data:x') url(\"/y.png\")" in answer.text
        assert "none.css: SpecError" in answer.text
        assert (
            await client.get("/gadgets/concat", params={"type": "exe", "1": files})
        ).status_code == 400
        assert (await client.get("/gadgets/concat")).status_code == 400


async def test_the_image_proxy_never_serves_a_page_of_this_origin() -> None:
    async def page(request: Request) -> Response:
        return Response("<script>1</script>", media_type="text/html")

    upstream = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=[Route("/x", page)]))
    )
    sandbox = Sandbox(SandboxSettings(host="finesse"), http=upstream)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
    ) as client:
        answer = await client.get("/gadgets/proxy", params={"url": "http://elsewhere/x"})
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-security-policy"] == "sandbox"
        assert (
            await client.get("/gadgets/proxy", params={"url": "file:///etc/passwd"})
        ).status_code == 400


async def test_a_specification_is_kept_until_somebody_asks_for_a_new_one(folder: Path) -> None:
    sandbox = Sandbox(SandboxSettings(gadgets=(folder,), host="finesse", spec_cache=True))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
    ) as client:
        asked = {"url": "/3rdpartygadget/files/mine/g.xml"}
        await client.get("/gadgets/ifr", params=asked)
        (folder / "g.xml").write_text(SPEC.replace("__MSG_hello__", "changed"))
        assert "changed" not in (await client.get("/gadgets/ifr", params=asked)).text
        assert "changed" in (await client.get("/gadgets/ifr", params=asked | {"nocache": "1"})).text


async def test_an_older_library_gets_what_a_later_server_would_add(tmp_path: Path) -> None:
    old, new = tmp_path / "old.js", tmp_path / "new.js"
    old.write_text("window.finesse = {};")
    new.write_text("window.finesse = { getAuthHeaderString: 1 };")
    for file, added in [(old, True), (new, False)]:
        sandbox = Sandbox(SandboxSettings(finesse_js=file, host="finesse"))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
        ) as client:
            text = (await client.get("/desktop/assets/js/finesse.js")).text
            assert text.startswith(file.read_text())
            assert ("finesse.gadget?.Config" in text) is added


async def test_without_a_layout_each_gadget_has_a_tab(folder: Path) -> None:
    sandbox = Sandbox(SandboxSettings(gadgets=(folder,), host="finesse"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse", auth=AGENT
    ) as client:
        session = (await client.get("/desktop/session")).json()
        assert [tab["label"] for tab in session["layout"]["tabs"]] == ["T"]
        assert (await client.get("/desktop/session", auth=("1001", "wrong"))).status_code == 401


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<a", "not well-formed"),
        ("<finesseLayout/>", "the root must be"),
        ('<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"/>', "needs <header>"),
        (
            '<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"><header/></finesseLayout>',
            "no <layout>",
        ),
        (
            '<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"><header/><layout><role>Boss</role></layout></finesseLayout>',
            "Boss",
        ),
    ],
)
def test_layouts_that_finesse_refuses(text: str, why: str) -> None:
    with pytest.raises(layout.LayoutError, match=why):
        layout.read(text.encode())


# ---- the back door


async def test_the_back_door(rest: httpx.AsyncClient, finesse: Sandbox) -> None:
    call = (await rest.post("/sandbox/calls", json={"from": "+12125550123", "to": "1001"})).json()
    assert (await rest.get("/sandbox/calls")).json() == [call]
    assert (await rest.post(f"/sandbox/calls/{call['id']}/answer")).status_code == 400
    assert (await rest.post(f"/sandbox/calls/{call['id']}/drop")).status_code == 200
    assert (await rest.post(f"/sandbox/calls/{call['id']}/drop")).status_code == 404
    await rest.get("/finesse/api/User/1001")
    asked = (await rest.get("/sandbox/requests")).json()
    assert [(r["method"], r["path"], r["user"], r["status"]) for r in asked] == [
        ("GET", "/finesse/api/User/1001", "1001", 200)
    ]
    assert all(r["time"] > 0 for r in asked)
    assert (await rest.post("/sandbox/faults", json={"kind": "slow", "seconds": 0})).json()[
        "armed"
    ][0]["kind"] == "slow"
    assert (await rest.post("/sandbox/reset")).status_code == 200
    assert (finesse.agents.users["1001"].state, finesse.faults.armed) == ("LOGOUT", [])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("calls", b"{", 400),
        ("calls", b'{"from": 1, "to": "1001"}', 400),
        ("calls", b'{"to": "1001"}', 400),
        ("calls", b'{"from": "1", "to": "5555"}', 404),
        ("faults", b'{"kind": "earthquake"}', 400),
        ("calls/1/dance", b"", 404),
    ],
)
async def test_the_back_door_refuses_rubbish(
    rest: httpx.AsyncClient, path: str, body: bytes, status: int
) -> None:
    answer = await rest.post(f"/sandbox/{path}", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]


# ---- the switch, on a walk


ACTIONS = [
    "ANSWER", "HOLD", "RETRIEVE", "DROP", "CONSULT_CALL", "TRANSFER", "CONFERENCE", "TRANSFER_SST", "ACCEPT", "REJECT", "SEND_DTMF",
]  # fmt: skip
PHONES = ["1001", "1002", "1003", "2001"]
STEP = st.tuples(
    st.sampled_from(
        ["ring", "dial", "act", "act", "act", "outside", "state", "monitor", "barge", "preview"]
    ),
    st.sampled_from(PHONES),
    st.sampled_from([*PHONES, "9999", "+12125550199"]),
    st.sampled_from(ACTIONS),
    st.integers(0, 3),
)


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
def test_whatever_is_done_calls_and_agents_stay_consistent_and_every_call_ends(
    platform: Literal["ucce", "uccx"],
) -> None:
    @hypothesis.settings(max_examples=30)
    @given(st.lists(STEP, max_size=25))
    def walk(steps: list[tuple[str, str, str, str, int]]) -> None:
        sandbox = Sandbox(SandboxSettings(platform=platform))
        switch, agents = sandbox.switch, sandbox.agents
        for phone in PHONES:
            agents.sign_in(agents.users[phone], phone, "")
        agents.users["1002"].wrap_up = "REQUIRED"
        for step in steps:
            with suppress(Refusal):
                _take(sandbox, *step)
            _consistent(sandbox)
        for phone in PHONES:
            user = agents.users[phone]
            for dialog in switch.dialogs_of(user):
                with suppress(Refusal):
                    switch.act(dialog, phone, "REJECT" if "preview" in dialog.kind else "DROP")
        for dialog in list(switch.dialogs.values()):
            if dialog.id in switch.dialogs and dialog.state != "DROPPED":
                switch.drop_outside(dialog)
        wrapping = agents.users["1002"]
        if wrapping.state in ("WORK", "WORK_READY"):
            sandbox.centre.set_state(wrapping, wrapping, "READY", "", "")
        assert switch.dialogs == {}
        for phone in PHONES:
            assert agents.users[phone].state not in (
                "TALKING",
                "HOLD",
                "RESERVED",
                "RESERVED_OUTBOUND_PREVIEW",
            )

    walk()


def _take(sandbox: Sandbox, what: str, phone: str, other: str, action: str, which: int) -> None:
    switch, user = sandbox.switch, sandbox.agents.users[phone]
    dialogs = list(switch.dialogs.values())
    dialog = dialogs[which % len(dialogs)] if dialogs else None
    match what:
        case "ring":
            switch.ring("+12125550123", phone, "Support" if which % 2 else "")
        case "dial" if user.extension and other != phone:
            switch.make_call(user, other, "")
        case "preview":
            switch.preview(
                phone, "+12125550123", "Winter", direct=sandbox.agents.platform == "uccx"
            )
        case "state":
            sandbox.centre.set_state(
                user,
                user,
                ("READY", "NOT_READY", "LOGOUT")[which % 3],
                ("", "1", "4")[which % 3],
                "",
            )
        case "monitor" if phone != "2001":
            switch.monitor(sandbox.agents.users["2001"], phone, "")
        case "barge" if dialog and dialog.kind == "monitor":
            switch.barge(sandbox.agents.users["2001"], dialog, "")
        case "outside" if dialog:
            (switch.answer_outside if which % 2 else switch.drop_outside)(dialog)
        case "act" if (
            dialog
            and user.extension
            and not (action in ("CONSULT_CALL", "TRANSFER_SST") and other == phone)
        ):
            switch.act(dialog, phone, action, "", toAddress=other, dtmfString="1")


def _consistent(sandbox: Sandbox) -> None:
    for dialog in sandbox.switch.dialogs.values():
        present = [p.address for p in dialog.participants if p.state != "DROPPED"]
        assert len(present) == len(set(present)), dialog
        assert any(p.is_agent and p.state != "DROPPED" for p in dialog.participants), dialog
    for phone in PHONES:
        user = sandbox.agents.users[phone]
        if not sandbox.switch.dialogs_of(user):
            assert user.state not in ("TALKING", "HOLD", "RESERVED", "RESERVED_OUTBOUND_PREVIEW"), (
                user
            )
        talking = [
            d
            for d in sandbox.switch.dialogs_of(user)
            if (p := d.participant(phone)) and p.state == "ACTIVE" and not p.passive
        ]
        assert len(talking) <= 1, talking
