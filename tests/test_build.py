"""The bundle: the same bytes each time, what a container takes, and each refusal with file and line."""

import io
import json
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
from build import Refused
from callcard.bundle import gadget_xml, layout
from tests.conftest import ROOT


@pytest.fixture
def gadget(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "gadget", tmp_path / "gadget"))


def test_the_same_input_gives_the_same_bytes(gadget: Path, tmp_path: Path) -> None:
    first = build.build(ROOT / "gadget", tmp_path / "one", "https://callcard.example:8446")
    again = build.build(gadget, tmp_path / "two", "https://callcard.example:8446")
    assert first == again


def test_assets_lie_under_the_hash_of_their_content(gadget: Path, tmp_path: Path) -> None:
    before = build.build(gadget, tmp_path / "dist", "")
    script = gadget / "callcard" / "main.js"
    script.write_text(script.read_text() + "self.changed = true;\n")
    after = build.build(gadget, tmp_path / "dist", "")
    folder = {name.split("/")[1] for name in before if name.count("/") > 1}
    changed = {name.split("/")[1] for name in after if name.count("/") > 1}
    assert len(folder) == len(changed) == 1
    assert folder.isdisjoint(changed)
    assert folder.pop().encode() in before["callcard/callcard.xml"]
    assert [path.name for path in (tmp_path / "dist" / "callcard").iterdir() if path.is_dir()] == [
        *changed
    ], "the old one is gone"


def test_the_zip_holds_the_folder_with_the_permissions_that_finesse_needs(tmp_path: Path) -> None:
    made = build.build(ROOT / "gadget", tmp_path / "dist", "")
    (name,) = (name for name in made if name.endswith(".zip"))
    with zipfile.ZipFile(io.BytesIO(made[name])) as archive:
        modes = {
            entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()
        }
        assert archive.read("callcard/callcard.xml") == made["callcard/callcard.xml"]
    assert {mode for name, mode in modes.items() if name.endswith("/")} == {0o755}
    assert {mode for name, mode in modes.items() if not name.endswith("/")} == {0o644}
    assert modes.keys() >= {name for name in made if name.startswith("callcard/")}
    written = tmp_path / "dist" / "callcard" / "callcard.xml"
    assert stat.S_IMODE(written.stat().st_mode) == 0o644
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o755


def test_the_spec_is_one_that_finesse_takes(tmp_path: Path) -> None:
    made = build.build(ROOT / "gadget", tmp_path / "dist", "https://callcard.example:8446")
    read = gadget_xml.read(made["callcard/callcard.xml"])
    assert read.required == {
        "settitle",
        "dynamic-height",
        "pubsub-2",
        "setprefs",
        "loadingindicator",
    }
    assert [(locale.lang, locale.direction) for locale in read.locales] == [
        ("all", "ltr"),
        ("ar", "rtl"),
        ("de", "ltr"),
    ]
    for locale in read.locales:
        texts = gadget_xml.read_messages(made[f"callcard/{locale.messages}"])
        assert texts.keys() == json.loads((ROOT / "gadget/messages/en.json").read_text()).keys()
    view = read.views["default"]
    assert "__UP_externalServerHost__/desktop/assets/js/finesse.js" in view
    assert view.index("HubSettings.onConnect") < view.index("callcard-app")
    assert '"https://callcard.example:8446"' in view
    assert "${" not in view, "some containers evaluate it in inline scripts"


def test_the_layout_snippets_are_valid_in_a_layout(tmp_path: Path) -> None:
    made = build.build(ROOT / "gadget", tmp_path / "dist", "https://callcard.example:8446")
    for name, start in [
        ("layout-on-finesse.xml", "/3rdpartygadget/files/callcard/"),
        ("layout-elsewhere.xml", "https://callcard.example:8446/gadget/"),
    ]:
        whole = (
            b'<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"><header/><layout><role>Agent</role><tabs>'
            + made[name] + b"</tabs></layout></finesseLayout>"
        )  # fmt: skip
        (tab,) = layout.read(whole)["Agent"].tabs
        assert tab.columns[0][0].url.startswith(start)


def test_scripts_go_out_without_comments_and_mean_the_same() -> None:
    def tokens(source: bytes) -> list[bytes]:
        leaves = (
            node
            for node in build._walk(build._javascript.parse(source).root_node)
            if not node.children
        )
        return [node.text or b"" for node in leaves if node.type != "comment" and node.text]

    odd = b"const a = 1 /* one\n two */\nconst b = `x // no\n   /* no */ ${ /* yes */ a }`; // end\n  return_ = /[/*]/ // re\n"
    scripts = [path.read_bytes() for path in sorted((ROOT / "gadget").rglob("*.js"))]
    for source in (*scripts, odd):
        assert tokens(build.lean(source)) == tokens(source)
        assert len(build.lean(source)) <= len(source)


def test_it_weighs_less_than_its_budget(tmp_path: Path) -> None:
    made = build.build(ROOT / "gadget", tmp_path / "dist", "")
    assert build.weigh(made)[1] <= build.BUDGET


# each: the file that is changed, what is put at its end (or instead of it), where and why it is refused
REFUSALS = [
    (
        "callcard/view.html.j2",
        "\n{{ nobody }}",
        "gadget/callcard/view.html.j2:3: 'nobody' is undefined",
    ),
    ("callcard/view.html.j2", "\n{% if %}", "gadget/callcard/view.html.j2:3: "),
    ("module.xml.j2", "\n{{ nobody }}", "gadget/module.xml.j2:"),
    (
        "callcard/view.html.j2",
        "\n<p>Hello</p>",
        "gadget/callcard/view.html.j2:3: 'Hello' is not translated",
    ),
    (
        "callcard/view.html.j2",
        "\n<p>__MSG_nothing__</p>",
        "gadget/callcard/view.html.j2:3: there is no text 'nothing'",
    ),
    ("callcard/view.html.j2", "\n\n]]>", "gadget/callcard/view.html.j2:4: ]]> ends the view"),
    ("callcard/view.html.j2", "\n<p>__UP_secret__</p>", "__UP_secret__ is not declared"),
    ("callcard/view.html.j2", '\n<p onclick="go()"></p>', "handlers belong in"),
    (
        "callcard/drafts.js",
        '\nt("nothing.such");',
        "gadget/callcard/drafts.js:{line}: there is no text 'nothing.such'",
    ),
    ("callcard/drafts.js", "\nt(key);", "t() takes a literal key"),
    ("callcard/drafts.js", '\nt("lookup.retry", {}); t("state.next");', "'state.next' needs state"),
    (
        "callcard/drafts.js",
        '\nimport { x } from "./nowhere.js";',
        "gadget/callcard/drafts.js:{line}: there is no file ./nowhere.js",
    ),
    ("callcard/drafts.js", '\nimport "jquery";', "'jquery' is not a relative path"),
    (
        "callcard/drafts.js",
        '\nalert("hello");',
        "gadget/callcard/drafts.js:{line}: alert() blocks the whole desktop",
    ),
    ("callcard/drafts.js", "\nif (window.confirm(1)) window.prompt(2);", "confirm() blocks"),
    (
        "callcard/drafts.js",
        "\nelement.innerHTML = name;",
        "gadget/callcard/drafts.js:{line}: innerHTML fed by data",
    ),
    ("callcard/drafts.js", '\nelement["innerHTML"] += `<b>${name}</b>`;', "innerHTML fed by data"),
    (
        "callcard/drafts.js",
        '\nelement.insertAdjacentHTML("beforeend", name);',
        "insertAdjacentHTML fed by data",
    ),
    ("callcard/drafts.js", "\ndocument.write(name);", "write() fed by data"),
    ("callcard/drafts.js", "\nfunction (", "not JavaScript"),
    ("callcard/drafts.js", "\nconst ask = confirm;", "confirm() blocks"),
    ("callcard/drafts.js", "\nwindow.top.alert(1);", "alert() blocks"),
    ("callcard/drafts.js", "\ndocument.defaultView.prompt(1);", "prompt() blocks"),
    ("callcard/drafts.js", "\nelement[`innerHTML`] = name;", "innerHTML fed by data"),
    (
        "callcard/drafts.js",
        "\nObject.assign(element, { innerHTML: name });",
        "innerHTML fed by data",
    ),
    ("callcard/drafts.js", "\nframe.srcdoc = name;", "srcdoc fed by data"),
    ("callcard/drafts.js", '\nh("p", {}, "Hello you");', "is not translated"),
    ("callcard/drafts.js", '\nh("p", { "aria-label": "Hello" });', "is not translated"),
    ("callcard/drafts.js", '\nelement.textContent = "Hello";', "is not translated"),
    ("callcard/drafts.js", '\nimport("./nowhere.js");', "there is no file ./nowhere.js"),
    ("callcard/view.html.j2", '\n<input placeholder="Hello you">', "is not translated"),
    ("callcard/view.html.j2", '\n<img src="nope.png">', "there is no file nope.png"),
    (
        "callcard/view.html.j2",
        '\n<a href="javascript:alert(1)"></a>',
        "there is no file javascript:",
    ),
    (
        "callcard/view.html.j2",
        "\n<script type=module>alert(1)</script>",
        "<script> belongs in main.js",
    ),
    ("callcard/style.css", '\n@import "nope.css";', "there is no file nope.css"),
    (
        "callcard/style.css",
        '\nb { background: url("nothing.png") }',
        "there is no file nothing.png",
    ),
    ("callcard/gadget.toml", "\n= nothing", "gadget/callcard/gadget.toml:"),
    ("messages/de.json", None, "gadget/messages/de.json:"),
    ("module.xml.j2", "<", "callcard.xml, rendered from gadget/module.xml.j2:"),
]


@pytest.mark.parametrize(("file", "added", "why"), REFUSALS)
def test_refusals_name_file_and_line(
    gadget: Path, tmp_path: Path, file: str, added: str | None, why: str
) -> None:
    path = gadget / file
    before = path.read_text()
    path.write_text(before + added if added is not None else "{\n nothing")
    with pytest.raises(Refused) as refused:
        build.build(gadget, tmp_path / "dist", "")
    assert why.replace("{line}", str(before.count("\n") + 2)) in str(refused.value)
    assert not (tmp_path / "dist").exists(), "nothing is written"


@pytest.mark.parametrize(
    "harmless",
    [
        '// alert("in a comment")',
        'const s = "alert(1)";',
        'element.innerHTML = "<b>fixed</b>";',
        "element.alert(1);",
        "const r = /alert(1)/;",
    ],
)
def test_what_only_looks_bad_is_let_through(gadget: Path, tmp_path: Path, harmless: str) -> None:
    script = gadget / "callcard" / "drafts.js"
    script.write_text(f"{script.read_text()}\n{harmless}\n")
    build.build(gadget, tmp_path / "dist", "")


def change(gadget: Path, language: str, **texts: str | None) -> None:
    path = gadget / "messages" / f"{language}.json"
    changed = json.loads(path.read_text()) | texts
    path.write_text(
        json.dumps({key: text for key, text in changed.items() if text is not None}, indent=2)
    )


def test_a_language_that_lacks_a_text_or_a_place_is_refused(gadget: Path, tmp_path: Path) -> None:
    change(gadget, "de", idle="")
    with pytest.raises(Refused, match=r"gadget/messages/de\.json:1: no text for 'idle'"):
        build.build(gadget, tmp_path, "")
    change(gadget, "de", idle="Nichts", **{"state.next": "Danach"})
    with pytest.raises(
        Refused, match=r"gadget/messages/de\.json:\d+: 'state.next' needs the places \['state'\]"
    ):
        build.build(gadget, tmp_path, "")
    change(gadget, "de", only="hier", **{"state.next": "Danach {state}"})
    with pytest.raises(Refused, match="'only' has no English text"):
        build.build(gadget, tmp_path, "")


def test_a_gadget_without_its_files_is_refused(gadget: Path, tmp_path: Path) -> None:
    (gadget / "callcard" / "main.js").unlink()
    with pytest.raises(
        Refused, match=r"gadget/callcard/gadget\.toml:1: there is no file gadget/callcard/main\.js"
    ):
        build.build(gadget, tmp_path, "")


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("<Module/>", "one <ModulePrefs>"),
        ("<Modul/>", "root must be <Module>"),
        ("<Module><ModulePrefs/></Module>", "no <Content>"),
        ("<Module><ModulePrefs/><ModulePrefs/><Content/></Module>", "one <ModulePrefs>, not 2"),
        (
            '<Module><ModulePrefs><Require feature="teleport"/></ModulePrefs><Content/></Module>',
            "'teleport' is not known",
        ),
        (
            "<Module><ModulePrefs><Require/></ModulePrefs><Content/></Module>",
            "needs the attribute feature",
        ),
        (
            "<Module><ModulePrefs/><UserPref/><Content/></Module>",
            "<UserPref> needs the attribute name",
        ),
        (
            '<Module><ModulePrefs><Locale language_direction="up"/></ModulePrefs><Content/></Module>',
            "must be ltr or rtl",
        ),
        ('<Module><ModulePrefs/><Content type="url"/></Module>', "only <Content type='html'>"),
        (
            "<!DOCTYPE x [<!ENTITY a 'b'>]><Module><ModulePrefs/><Content/></Module>",
            "document type",
        ),
        ("<Module>&nbsp;</Module>", "not well-formed"),
        (
            '<Module><ModulePrefs/><UserPref name="a"/><UserPref name="a"/><Content/></Module>',
            "same name",
        ),
    ],
)
def test_specs_that_a_container_refuses(module: str, why: str) -> None:
    with pytest.raises(gadget_xml.SpecError, match=why):
        gadget_xml.read(module.encode())


def test_the_command_prints_what_it_made(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "build.py"),
        "--out",
        str(tmp_path / "dist"),
        "--service-url",
        "https://callcard.example",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "callcard/callcard.xml" in done.stdout
    assert "loaded by an agent; the budget is 40,960 gzip" in done.stdout
    bad = subprocess.run(
        [*command[:-1], "callcard.example"], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert (
        bad.stderr
        == "build.py: service_url must start with http:// or https://, not 'callcard.example'\n"
    )
