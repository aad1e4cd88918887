"""Builds the gadget bundle: gadget/ and the settings in, dist/ out. `python build.py --help` says how.

load → check → render (pure: a dict of path and bytes) → write → zip. The same input gives the same bytes. What a container or
an agent would stumble over is refused here, with file and line.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import tomllib
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import jinja2
import tree_sitter
import tree_sitter_javascript
from lxml import etree, html
from markupsafe import Markup

from callcard import __version__
from callcard.bundle import gadget_xml
from callcard.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parent
BUDGET = 40 * 1024
"""Bytes of our own, gzip, that one gadget's agent loads at most."""
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
FILES = "/3rdpartygadget/files/callcard/"

_BLOCKING = {"alert", "confirm", "prompt"}
_GLOBALS = {"window", "globalThis", "self", "top", "parent", "defaultView"}
_MARKUP = {
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "srcdoc",
    "setHTMLUnsafe",
    "createContextualFragment",
}
_SHOWN = {"textContent", "innerText", "aria-label", "ariaLabel", "placeholder", "title", "alt"}
"""Properties and attributes that people see or hear."""
_javascript = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))


class Refused(Exception):
    """The bundle can't be built; says where and why."""

    def __init__(self, where: Path | str, line: int, why: str) -> None:
        super().__init__(f"{where}:{line}: {why}")


@dataclass(frozen=True)
class Sources:
    """What is read: templates and assets by path below gadget/, texts by language."""

    gadgets: dict[str, dict[str, Any]]
    templates: dict[str, str]
    assets: dict[str, bytes]
    texts: dict[str, dict[str, str]]


# ---- load


def load(folder: Path) -> Sources:
    gadgets, assets, texts = {}, {}, {}
    templates = {
        str(path.relative_to(folder)): _text(path, folder) for path in sorted(folder.rglob("*.j2"))
    }
    for path in sorted(folder.glob("*/gadget.toml")):
        try:
            gadgets[path.parent.name] = tomllib.loads(_text(path, folder))
        except tomllib.TOMLDecodeError as error:
            line = int(match[1]) if (match := re.search(r"line (\d+)", str(error))) else 1
            raise Refused(path.relative_to(folder.parent), line, str(error)) from error
    for path in sorted((folder / "messages").glob("*.json")):
        try:
            texts[path.stem] = json.loads(_text(path, folder))
        except json.JSONDecodeError as error:
            raise Refused(path.relative_to(folder.parent), error.lineno, error.msg) from error
        read = texts[path.stem]
        if not isinstance(read, dict) or not all(
            isinstance(text, str) and text.isprintable() for text in read.values()
        ):
            raise Refused(
                path.relative_to(folder.parent), 1, "must be an object of printable texts by key"
            )
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".js", ".css", ".svg", ".png", ".woff2") and path.is_file():
            assets[path.relative_to(folder).as_posix()] = path.read_bytes()
    if not gadgets:
        raise Refused(folder.name, 1, "there is no gadget: no folder with a gadget.toml")
    return Sources(gadgets, templates, assets, texts)


def _text(path: Path, folder: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(path.relative_to(folder.parent), 1, f"not UTF-8: {error}") from error


# ---- check


def check_texts(sources: Sources) -> None:
    """Every language has the same texts with the same places, and every text that is asked for is there."""
    if "en" not in sources.texts:
        raise Refused(
            "gadget/messages/en.json", 1, "there must be English texts: they are the default"
        )
    for language, texts in sources.texts.items():
        file = f"gadget/messages/{language}.json"
        for key, text in sources.texts["en"].items():
            if not texts.get(key, "").strip():
                raise Refused(file, 1, f"no text for {key!r}, which is {text!r} in English")
            if _places(texts[key]) != _places(text):
                raise Refused(
                    file,
                    _line_of_key(texts, key),
                    f"{key!r} needs the places {sorted(_places(text)) or 'none'}",
                )
        for key in texts.keys() - sources.texts["en"].keys():
            raise Refused(file, _line_of_key(texts, key), f"{key!r} has no English text")


def _places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def _line_of_key(texts: Mapping[str, str], key: str) -> int:
    return list(texts).index(key) + 2


def check_script(name: str, source: bytes, sources: Sources, first_line: int = 1) -> None:
    """Refuses what blocks the desktop, what lets data become markup, texts without translation and imports of nothing."""
    for node in _walk(_javascript.parse(source).root_node):
        line = node.start_point.row + first_line
        match node.type:
            case "ERROR":
                raise Refused(name, line, "not JavaScript")
            case "identifier" if _source(node) in _BLOCKING:  # called, or kept to be called later
                raise Refused(
                    name, line, f"{_source(node)}() blocks the whole desktop; show it in the gadget"
                )
            case "member_expression" if (
                _last_name(node) in _BLOCKING and _last_name(_field(node, "object")) in _GLOBALS
            ):
                raise Refused(
                    name,
                    line,
                    f"{_last_name(node)}() blocks the whole desktop; show it in the gadget",
                )
            case "property_identifier" | "shorthand_property_identifier" | "string_fragment" if (
                _source(node) in _MARKUP
            ):
                if not _is_given_plain_text(node):
                    raise Refused(
                        name,
                        line,
                        f"{_source(node)} fed by data; use textContent, or h() of shared/dom.js",
                    )
            case "call_expression":
                _check_call(name, line, node, sources)
            case "assignment_expression" if _last_name(_field(node, "left")) in _SHOWN:
                _check_shown(name, line, node.child_by_field_name("right"))
            case "import_statement" | "export_statement" if path := node.child_by_field_name(
                "source"
            ):
                _check_import(name, line, _literal(path), sources)


def _check_call(name: str, line: int, node: tree_sitter.Node, sources: Sources) -> None:
    function = _field(node, "function")
    arguments = [child for child in _field(node, "arguments").children if child.is_named]
    called, owner = _last_name(function), function.child_by_field_name("object")
    if function.type == "import" and arguments and arguments[0].type == "string":
        _check_import(name, line, _literal(arguments[0]), sources)
    elif called in ("write", "writeln") and owner and _source(owner) == "document":
        raise Refused(
            name, line, f"document.{called}() fed by data; use textContent, or h() of shared/dom.js"
        )
    elif called == "h" and owner is None:
        for argument in arguments[2:]:
            _check_shown(name, line, argument)
        for pair in arguments[1].children if len(arguments) > 1 else ():
            if pair.type == "pair" and _source(_field(pair, "key")).strip("\"'") in _SHOWN:
                _check_shown(name, line, pair.child_by_field_name("value"))
    elif called == "t" and owner is None:
        _check_text(name, line, arguments, sources)


def _check_text(name: str, line: int, arguments: list[tree_sitter.Node], sources: Sources) -> None:
    if not arguments or arguments[0].type != "string":
        raise Refused(
            name, line, "t() takes a literal key, so that its translations can be checked"
        )
    key = _literal(arguments[0])
    if key not in sources.texts["en"]:
        raise Refused(name, line, f"there is no text {key!r} in gadget/messages/en.json")
    given = {
        _source(p)
        for a in arguments[1:]
        for pair in a.children
        for p in pair.children[:1]
        if p.is_named
    }
    given |= {
        _source(pair) for a in arguments[1:] for pair in a.children if "shorthand" in pair.type
    }
    if missing := _places(sources.texts["en"][key]) - given:
        raise Refused(name, line, f"the text {key!r} needs {', '.join(sorted(missing))}")


def _check_shown(name: str, line: int, node: tree_sitter.Node | None) -> None:
    """What people see is never written into the script: a literal with a word in it is a text without translation."""
    if node is not None and node.type == "string" and re.search(r"[^\W\d_]{2}", _literal(node)):
        raise Refused(name, line, f"{_source(node)[:40]} is not translated; use t()")


def _check_import(name: str, line: int, path: str, sources: Sources) -> None:
    if not path.startswith("."):
        raise Refused(
            name, line, f"{path!r} is not a relative path; the browser finds nothing else"
        )
    target = _resolved(name, path)
    if target not in sources.assets and not target.endswith(".d.ts"):
        raise Refused(name, line, f"there is no file {path}")


def _resolved(name: str, path: str) -> str:
    parts: list[str] = name.removeprefix("gadget/").split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """`node` and all below it, in the order of the text; without recursion, however deep it nests."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(found.children)


def lean(source: bytes) -> bytes:
    """A script without comments and indentation, which no browser reads: the same tokens, on fewer lines."""
    told, plain, place = bytearray(), bytearray(), 0
    for node in _walk(_javascript.parse(source).root_node):
        if node.type not in ("comment", "template_string") or node.start_byte < place:
            continue
        plain += source[place : node.start_byte]
        if node.type == "comment":
            plain += (
                b"\n" if b"\n" in (node.text or b"") else b" "
            )  # the end of a line may end a statement
        else:
            told += _BLANKS.sub(b"\n", plain) + source[node.start_byte : node.end_byte]
            plain.clear()
        place = node.end_byte
    return bytes(told + _BLANKS.sub(b"\n", plain + source[place:])).lstrip()


_BLANKS = re.compile(rb"[ \t]*\n\s*")


def _field(node: tree_sitter.Node, name: str) -> tree_sitter.Node:
    found = node.child_by_field_name(name)
    return node if found is None else found


def _source(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _literal(node: tree_sitter.Node) -> str:
    return _source(node)[1:-1]


def _last_name(node: tree_sitter.Node) -> str:
    """`b` of `b`, `a.b` and `a["b"]`."""
    if node.type == "subscript_expression":
        index = _field(node, "index")
        return _literal(index) if index.type == "string" else ""
    return _source(node.child_by_field_name("property") or node)


def _is_given_plain_text(node: tree_sitter.Node) -> bool:
    """Whether the property is only ever assigned a literal here: `element.innerHTML = "<b>fixed</b>"`."""
    target = node.parent
    given = target.parent if target is not None else None
    if (
        target is None
        or given is None
        or target.type != "member_expression"
        or given.type != "assignment_expression"
    ):
        return False
    value = given.child_by_field_name("right")
    return (
        value is not None and value.type == "string" and given.child_by_field_name("left") == target
    )


def check_style(name: str, source: str, sources: Sources) -> None:
    for match in re.finditer(
        r"""(?:url\(\s*|@import\s+(?!url))["']?(?!data:|#)([^"')]+)""", source
    ):
        if _resolved(name, match[1]) not in sources.assets:
            raise Refused(
                name, source.count("\n", 0, match.start()) + 1, f"there is no file {match[1]}"
            )


def check_view(name: str, view: str, sources: Sources) -> None:
    if "]]>" in view:
        raise Refused(
            name, view[: view.index("]]>")].count("\n") + 1, "]]> ends the view in the gadget's XML"
        )
    for match in re.finditer(r"__MSG_(.+?)__", view):
        if match[1] not in sources.texts["en"]:
            line = view.count("\n", 0, match.start()) + 1
            raise Refused(name, line, f"there is no text {match[1]!r} in gadget/messages/en.json")
    if not view.strip():
        raise Refused(name, 1, "the view is empty")
    for element in html.fragment_fromstring(view, create_parent=True).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in ("script", "style"):
            raise Refused(
                name,
                element.sourceline or 1,
                f"<{element.tag}> belongs in main.js or style.css, where it is checked",
            )
        texts = [
            element.text,
            *(child.tail for child in element),
            *(element.get(each) for each in sorted(_SHOWN)),
        ]
        for text in texts:
            if text and any(c.isalpha() for c in re.sub(r"__(MSG|UP)_.+?__", "", text)):
                raise Refused(
                    name,
                    max(element.sourceline or 1, 1),
                    f"{text.strip()[:40]!r} is not translated; use __MSG_key__",
                )
        for address in (element.get("src"), element.get("href")):
            if (
                address
                and not re.match(r"https?://|__UP_|/|#", address)
                and _resolved(name, address) not in sources.assets
            ):
                raise Refused(name, element.sourceline or 1, f"there is no file {address}")
        if any(str(attribute).startswith("on") for attribute in element.attrib):
            raise Refused(
                name,
                element.sourceline or 1,
                "handlers belong in the element's script, not in attributes",
            )


def _utf8(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Refused(name, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from error


# ---- render


def render(sources: Sources, service_url: str) -> dict[str, bytes]:
    """The whole bundle: path below dist/ and bytes. Raises Refused."""
    check_texts(sources)
    for name, content in sources.assets.items():
        if name.endswith(".js"):
            check_script(f"gadget/{name}", content, sources)
        elif name.endswith(".css"):
            check_style(f"gadget/{name}", _utf8(f"gadget/{name}", content), sources)
    scripts = {
        name: lean(content) for name, content in sources.assets.items() if name.endswith(".js")
    }
    assets = {
        **sources.assets,
        **scripts,
        **{
            f"messages/{language}.xml": _messages(texts)
            for language, texts in sources.texts.items()
        },
    }
    digest = hashlib.sha256()
    for name, content in sorted(assets.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    version = digest.hexdigest()[:12]
    bundle = {f"callcard/{version}/{name}": content for name, content in assets.items()}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources.templates),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        keep_trailing_newline=True,
    )
    for name, gadget in sources.gadgets.items():
        bundle[f"callcard/{name}.xml"] = _module(
            name, gadget, version, environment, sources, service_url
        )
    snippets = {"layout-on-finesse.xml": _layout(sources, FILES, version)}
    if service_url:
        snippets["layout-elsewhere.xml"] = _layout(
            sources, f"{service_url.rstrip('/')}/gadget/callcard/", version
        )
    return bundle | snippets


def _module(
    name: str,
    gadget: dict[str, Any],
    version: str,
    environment: jinja2.Environment,
    sources: Sources,
    service_url: str,
) -> bytes:
    toml = f"gadget/{name}/gadget.toml"
    for key in ("title", "description", "height", "element"):
        if key not in gadget:
            raise Refused(toml, 1, f"{key} is missing")
    main, style = f"{name}/main.js", f"{name}/style.css"
    for needed in (main, style, "shared/base.css"):
        if needed not in sources.assets:
            raise Refused(toml, 1, f"there is no file gadget/{needed}")
    view_file = f"{name}/view.html.j2"
    if view_file not in sources.templates:
        raise Refused(toml, 1, f"there is no file gadget/{view_file}")
    shared: dict[str, Any] = {"gadget": gadget}
    view = _rendered(environment, view_file, shared)
    check_view(f"gadget/{view_file}", view, sources)
    languages = sorted(sources.texts, key=lambda language: (language != "en", language))
    module = _rendered(
        environment,
        "module.xml.j2",
        shared
        | {
            "view": Markup(view),  # noqa: S704 - rendered a line above with autoescape, from our own template
            "assets": version,
            "service": service_url.rstrip("/"),
            "languages": [{"code": code, "rtl": code in RIGHT_TO_LEFT} for code in languages],
            "styles": ["shared/base.css", style],
            "preloads": _reached(main, sources)[1:],
            "main": main,
        },
    )
    try:
        read = gadget_xml.read(module.encode())
    except gadget_xml.SpecError as error:
        raise Refused(
            f"{name}.xml, rendered from gadget/module.xml.j2", error.line, error.message
        ) from error
    declared = {pref.name for pref in read.prefs}
    for text in read.views.values():
        for match in re.finditer(r"__(UP_(.+?)|[A-Z]+_.+?)__", text):
            if match[2] not in declared and not match[1].startswith(("MSG_", "BIDI_", "MODULE_ID")):
                raise Refused(
                    "gadget/module.xml.j2",
                    1,
                    f"{match[0]} is not declared; the container would leave it in the text",
                )
        for script in re.finditer(r"<script[^>]*>(.*?)</script>", text, re.DOTALL | re.IGNORECASE):
            check_script("gadget/module.xml.j2 (inline script)", script[1].encode(), sources)
    return module.encode()


def _rendered(environment: jinja2.Environment, name: str, values: dict[str, Any]) -> str:
    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise Refused(
            f"gadget/{error.name or name}", error.lineno, error.message or "can't be read"
        ) from error
    except jinja2.TemplateError as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == "<template>"
        ]
        raise Refused(
            f"gadget/{name}", (frames[-1].lineno if frames else 1) or 1, error.message or str(error)
        ) from error


def _messages(texts: dict[str, str]) -> bytes:
    root = etree.Element("messagebundle")
    for key, text in texts.items():
        etree.SubElement(root, "msg", name=key).text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _reached(main: str, sources: Sources) -> list[str]:
    """`main` and every module that it needs, so that the browser can fetch them at once."""
    found, waiting = [main], [main]
    while waiting:
        name = waiting.pop()
        tree = _javascript.parse(sources.assets[name]).root_node
        for node in tree.children:
            if node.type in ("import_statement", "export_statement") and (
                path := node.child_by_field_name("source")
            ):
                target = _resolved(f"gadget/{name}", _literal(path))
                if target in sources.assets and target not in found:
                    found.append(target)
                    waiting.append(target)
    return found


def _layout(sources: Sources, base: str, version: str) -> bytes:
    """Tabs to put between <tabs> and </tabs> of the desktop layout, Finesse 12.5 and later."""
    tabs = []
    for name, gadget in sources.gadgets.items():
        # v= gives the specification a new address with each build, so that no cache keeps the old one.
        url = f"{base}{quote(name)}.xml?v={version}"
        tabs.append(
            f"<tab>\n  <id>{name}</id>\n  <icon>contact</icon>\n  <label>{Markup.escape(gadget['title'])}</label>\n"
            f'  <columns><column><gadgets>\n    <gadget id="{name}" hidden="false">{Markup.escape(url)}</gadget>\n'
            "  </gadgets></column></columns>\n</tab>\n"
        )
    return "".join(tabs).encode()


# ---- write


def write(bundle: Mapping[str, bytes], out: Path) -> None:
    """The bundle under `out`, instead of the one before, with the permissions that Finesse needs. Specifications come last."""
    before = out / "callcard"
    for found in before.iterdir() if before.is_dir() else ():
        if found.suffix != ".xml" and not re.fullmatch(r"[0-9a-f]{12}", found.name):
            raise Refused(
                before,
                1,
                f"{found.name} was not made by this build; choose another --out, or move it away",
            )
    shutil.rmtree(before, ignore_errors=True)
    (out / "layout-elsewhere.xml").unlink(missing_ok=True)
    for name, content in sorted(bundle.items(), key=lambda item: (item[0].count("/") < 2, item[0])):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
        for parent in list(path.relative_to(out).parents)[
            :-1
        ]:  # not `out` itself: that is somebody else's
            (out / parent).chmod(0o755)


def zipped(bundle: Mapping[str, bytes]) -> bytes:
    """The part for the Finesse server as a zip, without a trace of when and where it was made."""
    target = io.BytesIO()
    files = {name: content for name, content in bundle.items() if name.startswith("callcard/")}
    folders = {
        "/".join(name.split("/")[:depth]) + "/"
        for name in files
        for depth in range(1, name.count("/") + 1)
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(folders | files.keys()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, or the permissions are not looked at
            folder = name.endswith("/")
            entry.external_attr = (0o40755 << 16 | 0x10) if folder else (0o100644 << 16)
            entry.compress_type = zipfile.ZIP_STORED if folder else zipfile.ZIP_DEFLATED
            archive.writestr(entry, b"" if folder else files[name])
    return target.getvalue()


def weigh(bundle: Mapping[str, bytes]) -> tuple[int, int]:
    """Bytes that an agent's browser loads, raw and gzip: everything but the other languages' texts."""
    loaded = [
        c
        for n, c in bundle.items()
        if n.startswith("callcard/") and ("/messages/" not in n or n.endswith("/en.xml"))
    ]
    return sum(map(len, loaded)), sum(len(gzip.compress(content, 9)) for content in loaded)


def build(folder: Path, out: Path, service_url: str) -> dict[str, bytes]:
    """Build `folder` into `out`; answers everything that was made. Raises Refused, before anything is written."""
    bundle = render(load(folder), service_url)
    _raw, small = weigh(bundle)
    if small > BUDGET:
        raise Refused("gadget", 1, f"{small} bytes gzip are more than the budget of {BUDGET}")
    write(bundle, out)
    archive = {f"callcard-{__version__}.zip": zipped(bundle)}
    (out / next(iter(archive))).write_bytes(next(iter(archive.values())))
    return bundle | archive


@click.command(help="Build the gadget bundle into dist/: folder, zip and layout snippets.")
@click.option(
    "--service-url", help="Address of the Callcard service as the Finesse node reaches it."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "dist",
    help="Where to. Default: dist/",
)
@click.option(
    "--gadgets",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=ROOT / "gadget",
    hidden=True,
)
def main(service_url: str | None, out: Path, gadgets: Path) -> None:
    try:
        made = build(gadgets, out, Settings.read(service_url=service_url).service_url)
    except (Refused, SettingsError) as error:
        click.echo(f"build.py: {error}", err=True)
        sys.exit(1)
    click.echo(f"{'raw':>8}  {'gzip':>7}  {out}/")
    for name, content in sorted(made.items()):
        click.echo(f"{len(content):>8,}  {len(gzip.compress(content, 9)):>7,}  {name}")
    if "layout-elsewhere.xml" not in made:
        click.echo(
            "no service_url: the gadget finds the service only if the layout names it, with ?service=https://…",
            err=True,
        )
    raw, small = weigh(made)
    click.echo(f"{raw:>8,}  {small:>7,}  loaded by an agent; the budget is {BUDGET:,} gzip")


if __name__ == "__main__":
    main()
