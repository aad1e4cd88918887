"""The checks of the bundle's sources: each error names the file, the line and the fault."""

import json
import shutil
from pathlib import Path

import pytest

import build
from callcard.bundle import gadget_xml
from callcard.bundle.errors import BundleError
from tests.conftest import ROOT
from tests.harness.bundle import bundle_error
from tests.test_layers import imported, is_in, modules


@pytest.fixture
def gadget(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "gadget", tmp_path / "gadget"))


SCRIPT = "callcard/drafts.js"
VIEW = "callcard/view.html.j2"
# Each: the file that is changed, what is added at its end (None: it is replaced), and the error.
REJECTED = [
    (VIEW, "\n{{ nobody }}", "gadget/callcard/view.html.j2:3: 'nobody' is undefined"),
    (VIEW, "\n{% if %}", "gadget/callcard/view.html.j2:3: "),
    ("module.xml.j2", "\n{{ nobody }}", "gadget/module.xml.j2:"),
    (VIEW, "\n<p>Hello</p>", "gadget/callcard/view.html.j2:3: 'Hello' is not translated"),
    (
        VIEW,
        "\n<p>__MSG_nothing__</p>",
        "gadget/callcard/view.html.j2:3: there is no text 'nothing'",
    ),
    (VIEW, "\n\n]]>", "gadget/callcard/view.html.j2:4: ]]> ends the view"),
    (VIEW, "\n<p>__UP_secret__</p>", "__UP_secret__ is not declared"),
    (VIEW, '\n<p onclick="go()"></p>', "event handlers belong in"),
    (
        SCRIPT,
        '\nt("nothing.such");',
        "gadget/callcard/drafts.js:{line}: there is no text 'nothing.such'",
    ),
    (SCRIPT, "\nt(key);", "t() takes a literal key"),
    (SCRIPT, '\nt("lookup.retry", {}); t("state.next");', "'state.next' needs values for state"),
    (
        SCRIPT,
        '\nimport { x } from "./nowhere.js";',
        "gadget/callcard/drafts.js:{line}: there is no file ./nowhere.js",
    ),
    (SCRIPT, '\nimport "jquery";', "'jquery' is not a relative path"),
    (
        SCRIPT,
        '\nalert("hello");',
        "gadget/callcard/drafts.js:{line}: alert() blocks the whole desktop",
    ),
    (SCRIPT, "\nif (window.confirm(1)) window.prompt(2);", "confirm() blocks"),
    (
        SCRIPT,
        "\nelement.innerHTML = name;",
        "gadget/callcard/drafts.js:{line}: innerHTML fed by data",
    ),
    (SCRIPT, '\nelement["innerHTML"] += `<b>${name}</b>`;', "innerHTML fed by data"),
    (
        SCRIPT,
        '\nelement.insertAdjacentHTML("beforeend", name);',
        "insertAdjacentHTML fed by data",
    ),
    (SCRIPT, "\ndocument.write(name);", "write() fed by data"),
    (SCRIPT, "\nfunction (", "not JavaScript"),
    (SCRIPT, "\nconst ask = confirm;", "confirm() blocks"),
    (SCRIPT, "\nwindow.top.alert(1);", "alert() blocks"),
    (SCRIPT, "\ndocument.defaultView.prompt(1);", "prompt() blocks"),
    (SCRIPT, "\nelement[`innerHTML`] = name;", "innerHTML fed by data"),
    (SCRIPT, "\nObject.assign(element, { innerHTML: name });", "innerHTML fed by data"),
    (SCRIPT, "\nframe.srcdoc = name;", "srcdoc fed by data"),
    (SCRIPT, '\nh("p", {}, "Hello you");', "is not translated"),
    (SCRIPT, '\nh("p", { "aria-label": "Hello" });', "is not translated"),
    (SCRIPT, '\nelement.textContent = "Hello";', "is not translated"),
    (SCRIPT, '\nimport("./nowhere.js");', "there is no file ./nowhere.js"),
    (VIEW, '\n<input placeholder="Hello you">', "is not translated"),
    (VIEW, '\n<img src="nope.png">', "there is no file nope.png"),
    (VIEW, '\n<a href="javascript:alert(1)"></a>', "there is no file javascript:"),
    (VIEW, "\n<script type=module>alert(1)</script>", "<script> belongs in main.js"),
    ("callcard/style.css", '\n@import "nope.css";', "list the file under styles in gadget.toml"),
    ("callcard/style.css", '\nb { background: url("nope.svg") }', "there is no file nope.svg"),
    (
        "callcard/style.css",
        '\nb { background: url("nothing.png") }',
        "there is no file nothing.png",
    ),
    ("callcard/gadget.toml", "\n= nothing", "gadget/callcard/gadget.toml:"),
    ("messages/de.json", None, "gadget/messages/de.json:"),
    ("module.xml.j2", "<", "callcard.xml, rendered from gadget/module.xml.j2:"),
]


@pytest.mark.parametrize(("file", "added", "error"), REJECTED)
def test_bundle_error_names_file_and_line(
    gadget: Path, tmp_path: Path, file: str, added: str | None, error: str
) -> None:
    path = gadget / file
    before = path.read_text()
    path.write_text("{\n nothing" if added is None else before + added)
    expected = error.replace("{line}", str(before.count("\n") + 2))
    assert expected in bundle_error(gadget, tmp_path)


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
def test_harmless_script_passes_checks(gadget: Path, tmp_path: Path, harmless: str) -> None:
    script = gadget / SCRIPT
    script.write_text(f"{script.read_text()}\n{harmless}\n")
    build.build(gadget, tmp_path / "dist", "")


def change_texts(gadget: Path, language: str, **texts: str) -> None:
    path = gadget / "messages" / f"{language}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | texts, indent=2))


def test_missing_translation_or_placeholder_is_refused(gadget: Path, tmp_path: Path) -> None:
    change_texts(gadget, "de", idle="")
    message = bundle_error(gadget, tmp_path)
    assert message.startswith("gadget/messages/de.json:1: no text for 'idle'")

    change_texts(gadget, "de", idle="Nichts", **{"state.next": "Danach"})
    with pytest.raises(
        BundleError,
        match=r"gadget/messages/de\.json:\d+: 'state.next' needs the placeholders \['state'\]",
    ):
        build.build(gadget, tmp_path / "dist", "")

    change_texts(gadget, "de", only="hier", **{"state.next": "Danach {state}"})
    assert "'only' has no English text" in bundle_error(gadget, tmp_path)


def test_gadget_without_main_script_is_refused(gadget: Path, tmp_path: Path) -> None:
    (gadget / "callcard" / "main.js").unlink()
    message = bundle_error(gadget, tmp_path)
    assert (
        message == "gadget/callcard/gadget.toml:1: there is no file gadget/callcard/main.js; add it"
    )


def test_gadget_toml_without_title_is_refused(gadget: Path, tmp_path: Path) -> None:
    (gadget / "callcard" / "gadget.toml").write_text('description = "A gadget"\n')
    assert (
        bundle_error(gadget, tmp_path) == "gadget/callcard/gadget.toml:1: title is missing; add it"
    )


# ---- imports


def test_bundle_imports_nothing_of_the_service() -> None:
    for file in modules("callcard/bundle"):
        for name in imported(file):
            if is_in(name, "callcard") and not is_in(name, "callcard.bundle"):
                is_version = name in ("callcard", "callcard.__version__")
                assert is_version or is_in(name, "callcard.errors"), f"{file}: {name}"


# ---- gadget XML


@pytest.mark.parametrize(
    ("module", "reason"),
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
            '<Module><ModulePrefs><Locale language_direction="up"/></ModulePrefs><Content/>'
            "</Module>",
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
def test_gadget_xml_that_a_container_refuses(module: str, reason: str) -> None:
    with pytest.raises(gadget_xml.SpecError, match=reason):
        gadget_xml.read(module.encode())
