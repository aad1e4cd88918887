"""Joining of JavaScript modules: the joined script does what the modules do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from callcard.bundle.errors import BundleError
from callcard.bundle.minification import minify_asset, use_before_declaration
from callcard.bundle.module_join import join_modules, later_parts

MODULES = {
    "page/main.js": b'import { nameOfA as first, log } from "../shared/a.js";\n'
    b'import { nameOfB } from "./b.js";\nimport "./effect.js";\n'
    b"const text = `${first} ${nameOfB}`;\nlog(text);\n"
    b'const later = import("./later.js").then(({ late }) => late());\n'
    b'void later.then(() => import("./second.js"));\n',
    "page/b.js": b'import { log } from "../shared/a.js";\nconst text = "b";\nlog(text);\n'
    b'const nameOfB = "B";\nexport { nameOfB };\n',
    "page/effect.js": b'const { length, ...others } = { length: "effect" };\n'
    b"console.log(length);\nfor (const text of Object.values(others)) console.log(text);\n",
    "page/later.js": b'import { log as print } from "../shared/a.js";\n'
    b'import { onlyLater } from "./only-later.js";\nconst text = "late";\n'
    b"export const late = () => print(`${text} ${onlyLater}`);\n",
    "page/second.js": b'import { nameOfA } from "../shared/a.js";\n'
    b'import { onlyLater } from "./only-later.js";\nexport const late = "again";\n'
    b"console.log(late, nameOfA, onlyLater);\n",
    "page/only-later.js": b'const log = "own";\nexport const onlyLater = log;\n',
    "shared/a.js": b'export const nameOfA = "A";\nexport function log(text) {\n'
    b"  console.log(text);\n}\nexport class Unused {}\n",
}


@pytest.mark.skipif(not shutil.which("node"), reason="no node: apt install nodejs")
def test_joined_script_runs_modules_in_import_order(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "page").mkdir()
    for name, script in join_modules("page/main.js", MODULES).items():
        (tmp_path / name).write_bytes(minify_asset(name, script))
    main = tmp_path / "page" / "main.js"
    done = subprocess.run(["node", str(main)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["b", "effect", "A", "B", "late", "own", "again", "A", "own"]


def test_names_of_a_later_script_are_shortened_too() -> None:
    script = join_modules("page/main.js", MODULES)["page/later.js"]
    shortened = minify_asset("page/later.js", script)
    assert b"text" in script
    assert b"text" not in shortened
    assert shortened.startswith(b"export const{late}="), "what import() names keeps its name"


def test_scripts_pass_on_what_they_share_by_short_names() -> None:
    scripts = join_modules("page/main.js", MODULES)
    assert b"b: nameOfA };" in scripts["page/main.js"]
    assert b"b: nameOfA" in scripts["page/second.js"]


def test_what_is_imported_dynamically_is_a_later_script() -> None:
    assert later_parts("page/main.js", MODULES) == {
        "page/later.js": ["page/only-later.js", "page/later.js"],
        "page/second.js": ["page/second.js"],
    }
    scripts = join_modules("page/main.js", MODULES)
    assert list(scripts) == ["page/main.js", "page/later.js", "page/second.js"]
    assert b"onlyLater" not in scripts["page/main.js"]
    assert b"console.log" not in scripts["page/later.js"], "the page's script has it"
    assert b"own" not in scripts["page/second.js"], "the script before it has it"
    elsewhere = {
        "page/main.js": b'import "../shared/a.js";\n',
        "shared/a.js": b'import("./b.js");\n',
        "shared/b.js": b"",
    }
    assert b'import("./../shared/b.js")' in join_modules("page/main.js", elsewhere)["page/main.js"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"export default 1;\n", "a.js:1: export a name"),
        (b'\nexport { x } from "./b.js";\n', "a.js:2: export … from is not supported"),
        (b'import * as b from "./b.js";\n', "a.js:1: import the names"),
        (b'import "./a.js";\n', "a.js:1: imports itself"),
        (b'import "./b.js";\nexport const x = 2;\n', "b.js:1: exports x, as a.js does"),
        (b'import "./b.js";\nexport const name = 2;\n', "a.js:1: exports name, which b.js uses"),
        (b'import "./b.js";\nimport("./b.js");\n', "a.js:2: import.. of ./b.js, which the page"),
        (b'import("./c.js");\n', "c.js:1: is loaded later, and can't load b.js later still"),
        (b'import "./e.js";\nimport("./d.js");\n', "e.js:1: exports x, as b.js does"),
    ],
)
def test_what_cannot_be_joined_is_refused(source: bytes, reason: str) -> None:
    modules = {
        "a.js": source,
        "b.js": b"export const x = 1;\nx + name;\n",
        "c.js": b'import("./b.js");\n',
        "d.js": b'import "./b.js";\n',
        "e.js": b"export const x = 1;\n",
    }
    with pytest.raises(BundleError, match=reason):
        join_modules("a.js", modules)


def test_what_import_names_may_export_the_same_names() -> None:
    modules = {
        "a.js": b'export const x = 1;\nimport("./b.js").then(() => import("./c.js"));\n',
        "b.js": b"export const x = 2;\n",
        "c.js": b"export const x = 3;\n",
    }
    assert list(join_modules("a.js", modules)) == ["a.js", "b.js", "c.js"]


def test_module_with_a_clashing_name_becomes_a_function() -> None:
    modules = {
        "a.js": b'import { b } from "./b.js";\nconst name = 1;\nb(name);\n',
        "b.js": b"export const b = (other) => other;\n",
    }
    assert join_modules("a.js", modules)["a.js"].count(b"=> {\n") == 1
    for clash in (b"const name = 2;\n", b"log(name);\n"):
        clashing = modules | {"b.js": modules["b.js"] + clash}
        assert join_modules("a.js", clashing)["a.js"].count(b"=> {\n") > 1


MOVED = b"async function f(a){const kinds=['x'];const {t}=await g(a,{kinds});return t}"


def test_what_the_minifier_uses_before_its_declaration_is_refused() -> None:
    with pytest.raises(BundleError, match=r"app\.js:1: the minifier uses a name before .*\{t:n\}"):
        minify_asset("app.js", MOVED)


@pytest.mark.parametrize(
    ("script", "is_used_early"),
    [
        (b"const {a} = f({b}), b = [];", True),
        (b"let a = b + 1, [b] = f();", True),
        (b"var a = `${b}`, {c: b} = f;", True),
        (b"for (let a = b, b = 1; ; ) f(a);", True),
        (b"const a = a.b;", True),
        (b"const b = [], {a} = f({b});", False),
        (b"const a = () => b, b = 1;", False),
        (b"const a = { f() { return b; } }, b = 1;", False),
        (b"const a = { b: 1 }.b, b = 1;", False),
        (b"const {b: a} = f(), b = 1;", False),
        (b"const {a, c = a} = f();", False),
    ],
)
def test_use_before_declaration(script: bytes, is_used_early: bool) -> None:
    assert bool(use_before_declaration(script)) == is_used_early
