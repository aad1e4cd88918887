"""The build: reproducible output, what a container accepts, and errors with file and line."""

import io
import json
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

import build
from callcard.bundle import gadget_xml, layout
from callcard.bundle.errors import BundleError
from callcard.bundle.rendering import render
from callcard.bundle.size_budget import BUDGET_BYTES, PageSize, measure_pages
from callcard.bundle.sources import load
from tests.conftest import ROOT
from tests.harness.bundle import bundle_error

SERVICE_URL = "https://callcard.example:8446"
SMALL_SCRIPT = 'customElements.define("small-gadget", class extends HTMLElement {});\n'


@pytest.fixture
def gadget(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "gadget", tmp_path / "gadget"))


def add_gadget(folder: Path, name: str, script: str, styles: str = "") -> None:
    """Add a gadget to the sources in `folder`."""
    home = folder / name
    home.mkdir()
    (home / "gadget.toml").write_text(
        f'title = "{name}"\ndescription = "A gadget"\nheight = 60\nelement = "{name}-gadget"\n'
        f"{styles}"
    )
    (home / "view.html.j2").write_text("<{{ gadget.element }}></{{ gadget.element }}>\n")
    (home / "main.js").write_text(script)
    (home / "style.css").write_text("")


# ---- output


def test_same_sources_give_same_bytes(gadget: Path, tmp_path: Path) -> None:
    first = build.build(ROOT / "gadget", tmp_path / "one", SERVICE_URL)
    second = build.build(gadget, tmp_path / "two", SERVICE_URL)
    assert first == second


def test_assets_lie_in_folder_named_by_content_hash(gadget: Path, tmp_path: Path) -> None:
    def versions(files: dict[str, bytes]) -> set[str]:
        return {name.split("/")[1] for name in files if name.count("/") > 1}

    before = build.build(gadget, tmp_path / "dist", "")
    script = gadget / "callcard" / "main.js"
    script.write_text(script.read_text() + "self.changed = true;\n")
    after = build.build(gadget, tmp_path / "dist", "")
    (old,) = versions(before)
    (new,) = versions(after)
    assert old != new
    assert old.encode() in before["callcard/callcard.xml"]
    folders = [path.name for path in (tmp_path / "dist" / "callcard").iterdir() if path.is_dir()]
    assert folders == [new], "the old version is removed"


def test_foreign_file_in_output_folder_is_not_deleted(tmp_path: Path) -> None:
    foreign = tmp_path / "dist" / "callcard" / "notes.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    with pytest.raises(BundleError, match=r"notes\.txt is not from a build"):
        build.build(ROOT / "gadget", tmp_path / "dist", "")
    assert foreign.read_text() == "mine"


def test_zip_has_permissions_that_finesse_needs(tmp_path: Path) -> None:
    files = build.build(ROOT / "gadget", tmp_path / "dist", "")
    (zip_name,) = (name for name in files if name.endswith(".zip"))
    with zipfile.ZipFile(io.BytesIO(files[zip_name])) as archive:
        modes = {
            entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()
        }
        assert archive.read("callcard/callcard.xml") == files["callcard/callcard.xml"]
    assert {mode for name, mode in modes.items() if name.endswith("/")} == {0o755}
    assert {mode for name, mode in modes.items() if not name.endswith("/")} == {0o644}
    assert modes.keys() >= {name for name in files if name.startswith("callcard/")}
    written = tmp_path / "dist" / "callcard" / "callcard.xml"
    assert stat.S_IMODE(written.stat().st_mode) == 0o644
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o755


def test_gadget_xml_is_accepted_by_container(tmp_path: Path) -> None:
    files = build.build(ROOT / "gadget", tmp_path / "dist", SERVICE_URL)
    spec = gadget_xml.read(files["callcard/callcard.xml"])
    assert spec.required == {
        "settitle",
        "dynamic-height",
        "pubsub-2",
        "setprefs",
        "loadingindicator",
    }
    assert [(locale.lang, locale.direction) for locale in spec.locales] == [
        ("all", "ltr"),
        ("ar", "rtl"),
        ("de", "ltr"),
        ("es", "ltr"),
        ("fr", "ltr"),
    ]
    view = spec.views["default"]
    assert "__UP_" not in view, "no preference, which a link can set, loads a script"
    assert 'location.origin + "/desktop/assets/js/"' in view
    assert view.index("HubSettings.onConnect") < view.index("callcard-app")
    assert f'"{SERVICE_URL}"' in view
    assert "${" not in view, "some containers evaluate it in inline scripts"


def test_every_text_is_in_a_gadget_that_shows_it(tmp_path: Path) -> None:
    files = build.build(ROOT / "gadget", tmp_path / "dist", SERVICE_URL)
    shown: dict[str, set[str]] = {}
    for name in ("callcard", "supervisor"):
        keys = set()
        for locale in gadget_xml.read(files[f"callcard/{name}.xml"]).locales:
            texts = gadget_xml.read_messages(files[f"callcard/{locale.messages}"])
            language = "en" if locale.lang == "all" else locale.lang
            folder = locale.messages.partition("/")[0]
            modules = [each for each in files if each.endswith(f"-texts/{language}.js")]
            for module in modules:
                if not module.startswith(f"callcard/{folder}/{name}/"):
                    continue
                array = files[module].decode().removeprefix("export const texts=")
                with_nulls = re.sub(r"(?<=[\[,])(?=,)", "null", array.removesuffix(";\n"))
                places = enumerate(json.loads(with_nulls))
                texts_later = {str(number): text for number, text in places if text}
                assert not texts.keys() & texts_later.keys()
                texts |= texts_later
            shown.setdefault(language, set()).update(texts.values())
            keys.add(tuple(texts))
        assert len(keys) == 1, "a key means the same in every language"
    for language, values in shown.items():
        translated = json.loads((ROOT / f"gadget/messages/{language}.json").read_text())
        assert values == set(translated.values())


def test_layout_snippets_are_valid_in_layout(tmp_path: Path) -> None:
    files = build.build(ROOT / "gadget", tmp_path / "dist", SERVICE_URL)
    for name, start in [
        ("layout-tabs-on-finesse.xml", "/3rdpartygadget/files/callcard/"),
        ("layout-tabs-elsewhere.xml", f"{SERVICE_URL}/gadget/"),
    ]:
        whole = (
            b'<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"><header/><layout>'
            b"<role>Agent</role><tabs>" + files[name] + b"</tabs></layout></finesseLayout>"
        )
        tab = layout.read(whole)["Agent"].tabs[0]
        assert tab.columns[0][0].url.startswith(start)
        for snippet in (files[name], files[name] * 2):
            with pytest.raises(layout.LayoutError, match="paste it between <tabs> and </tabs>"):
                layout.read(snippet)


def test_gadget_snippet_is_valid_on_home_tab_and_page(tmp_path: Path) -> None:
    files = build.build(ROOT / "gadget", tmp_path / "dist", SERVICE_URL)
    for name, start in [
        ("layout-gadgets-on-finesse.xml", "/3rdpartygadget/files/callcard/"),
        ("layout-gadgets-elsewhere.xml", f"{SERVICE_URL}/gadget/"),
    ]:
        snippet = files[name]
        whole = (
            b'<finesseLayout xmlns="http://www.cisco.com/vtg/finesse"><header/><layout>'
            b"<role>Agent</role><page>" + snippet + b"</page><tabs><tab><id>home</id>"
            b"<label>Home</label><columns><column><gadgets>" + snippet + b"</gadgets></column>"
            b"</columns></tab></tabs></layout></finesseLayout>"
        )
        agent = layout.read(whole)["Agent"]
        assert agent.page[0].url.startswith(start)
        assert agent.tabs[0].columns[0][0].url == agent.page[0].url


def test_scripts_and_styles_are_minified(gadget: Path) -> None:
    script = b"const greeting = `a // no  comment`; // a comment\n" + SMALL_SCRIPT.encode()
    add_gadget(gadget, "small", script.decode())
    (gadget / "small" / "style.css").write_text("b { /* a comment */ color : red ; }\n")
    sources = load(gadget)
    bundle = render(sources, "")
    main = bundle.files[bundle.asset_path("small/main.js")]
    assert b"a comment" not in main
    assert b"`a // no  comment`" in main
    assert bundle.files[bundle.asset_path("small/page.css")].endswith(b"b{color:red}")


def test_command_prints_files_and_page_sizes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "build.py"), "--out", str(tmp_path / "dist")]
    good = subprocess.run(
        [*command, "--service-url", "https://callcard.example"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "callcard/callcard.xml" in good.stdout
    assert "callcard (budget 30,720 gzip; later " in good.stdout
    assert "Paste layout-tabs-on-finesse.xml between <tabs> and </tabs>" in good.stdout
    assert "layout-gadgets-on-finesse.xml into" in good.stdout
    assert "layout-tabs-elsewhere.xml or layout-gadgets-elsewhere.xml" in good.stdout
    bad = subprocess.run(
        [*command, "--service-url", "callcard.example"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert bad.returncode == 1
    assert bad.stderr == (
        "build.py: gadget.service_url must start with http:// or https://, not 'callcard.example'\n"
    )


# ---- size budget


def page_sizes(folder: Path) -> dict[str, PageSize]:
    sources = load(folder)
    pages = measure_pages(sources, render(sources, ""))
    return {page.gadget.name: page for page in pages}


def test_every_gadget_is_within_budget() -> None:
    for page in page_sizes(ROOT / "gadget").values():
        assert page.gzip_bytes <= BUDGET_BYTES


def test_page_size_counts_what_the_page_loads(gadget: Path) -> None:
    add_gadget(gadget, "small", 'import "./used.js";\n' + SMALL_SCRIPT)
    (gadget / "small" / "used.js").write_text('import("./later.js");\n')
    (gadget / "small" / "later.js").write_text("export {};\n")
    (gadget / "small" / "unused.js").write_text("export {};\n")
    (gadget / "small" / "style.css").write_text('b { background: url("icon.svg") }\n')
    (gadget / "small" / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    page = page_sizes(gadget)["small"]
    assert page.gzip_bytes_by_file.keys() == {
        "small.xml",
        "small/main.js",
        "small/page.css",
        "small/icon.svg",
        "small/messages/en.xml",
    }
    assert 0 < page.later_gzip_bytes < 150


def test_budget_names_only_the_gadget_that_is_too_large(gadget: Path, tmp_path: Path) -> None:
    # Hexadecimal digits of hashes do not compress below half their length.
    noise = "".join(
        sha256(bytes([number // 256, number % 256])).hexdigest() for number in range(2000)
    )
    add_gadget(gadget, "small", SMALL_SCRIPT)
    add_gadget(gadget, "large", 'import "./noise.js";\n')
    (gadget / "large" / "noise.js").write_text(f'export const noise = "{noise}";\n')
    message = bundle_error(gadget, tmp_path)
    assert message.startswith("gadget/large/gadget.toml:1: the page of the gadget large loads ")
    assert "the budget is 30,720; the largest files are large/main.js (" in message
    assert "small" not in message
    (gadget / "large" / "main.js").write_text('import("./noise.js");\n')
    message = bundle_error(gadget, tmp_path)
    assert message.startswith("gadget/large/gadget.toml:1: what the gadget large loads later has")
    assert "small" not in message
    shutil.rmtree(gadget / "large")
    build.build(gadget, tmp_path / "dist", "")


# ---- style sheets of a gadget


def test_gadget_names_its_style_sheets(gadget: Path, tmp_path: Path) -> None:
    add_gadget(gadget, "small", SMALL_SCRIPT, 'styles = ["style.css", "notes.css"]\n')
    (gadget / "small" / "notes.css").write_text("b { color: red }\n")
    (gadget / "shared" / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    base = gadget / "shared" / "base.css"
    base.write_text(base.read_text() + 'i { background: url("icon.svg") }\n')
    files = build.build(gadget, tmp_path / "dist", "")
    assert b'"small/page.css"' in files["callcard/small.xml"]
    (page,) = (content for name, content in files.items() if name.endswith("/small/page.css"))
    assert page.endswith(b"i{background:url(../shared/icon.svg)}b{color:red}")
    assert not any(name.endswith("/base.css") for name in files)


def test_missing_style_sheet_is_rejected(gadget: Path, tmp_path: Path) -> None:
    add_gadget(gadget, "small", SMALL_SCRIPT, 'styles = ["style.css", "notes.css"]\n')
    message = bundle_error(gadget, tmp_path)
    assert message == "gadget/small/gadget.toml:1: there is no file gadget/small/notes.css; add it"


def test_styles_must_be_a_list(gadget: Path, tmp_path: Path) -> None:
    add_gadget(gadget, "small", SMALL_SCRIPT, 'styles = "style.css"\n')
    message = bundle_error(gadget, tmp_path)
    assert message.startswith("gadget/small/gadget.toml:5: styles must be a list of files")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('later_styles = ["late.css"]\n', "5: later_styles must be a table"),
        ("[later_styles]\nlater = 1\n", "6: later must be a list of files"),
        ('[later_styles]\nlater = ["late.css"]\n', "1: there is no file gadget/small/late.css"),
        ('[later_styles]\nlatr = ["style.css"]\n', "1: later_styles names latr, but there is no"),
    ],
)
def test_later_styles_name_a_script_and_its_files(
    gadget: Path, tmp_path: Path, lines: str, reason: str
) -> None:
    add_gadget(gadget, "small", 'import("./later.js");\n' + SMALL_SCRIPT, lines)
    (gadget / "small" / "later.js").write_text("export {};\n")
    assert bundle_error(gadget, tmp_path).startswith(f"gadget/small/gadget.toml:{reason}")
