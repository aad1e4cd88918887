"""Joining of JavaScript modules: the joined script does what the modules do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from callcard.bundle.errors import BundleError
from callcard.bundle.module_join import join_modules, separate_modules

MODULES = {
    "page/main.js": b'import { nameOfA as first, log } from "../shared/a.js";\n'
    b'import { nameOfB } from "./b.js";\nimport "./effect.js";\n'
    b"const text = `${first} ${nameOfB}`;\nlog(text);\n"
    b'const later = () => import("./later.js");\n',
    "page/b.js": b'import { log } from "../shared/a.js";\nconst text = "b";\nlog(text);\n'
    b'const nameOfB = "B";\nexport { nameOfB };\n',
    "page/effect.js": b'const { length, ...others } = { length: "effect" };\n'
    b"console.log(length);\nfor (const text of Object.values(others)) console.log(text);\n",
    "page/later.js": b"export const late = 1;\n",
    "shared/a.js": b'export const nameOfA = "A";\nexport function log(text) {\n'
    b"  console.log(text);\n}\nexport class Unused {}\n",
}


@pytest.mark.skipif(not shutil.which("node"), reason="no node: apt install nodejs")
def test_joined_script_runs_modules_in_import_order(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_bytes(join_modules("page/main.js", MODULES))
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["b", "effect", "A", "B"]


def test_dynamic_imports_stay_separate() -> None:
    assert separate_modules("page/main.js", MODULES) == ["page/later.js"]
    elsewhere = {
        "page/main.js": b'import "../shared/a.js";\n',
        "shared/a.js": b'import("./b.js");\n',
        "shared/b.js": b"",
    }
    assert b'import("./../shared/b.js")' in join_modules("page/main.js", elsewhere)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"export default 1;\n", "a.js:1: export a name"),
        (b'\nexport { x } from "./b.js";\n', "a.js:2: export … from is not supported"),
        (b'import * as b from "./b.js";\n', "a.js:1: import the names"),
        (b'import "./a.js";\n', "a.js:1: imports itself"),
        (b'import "./b.js";\nexport const x = 2;\n', "b.js:1: exports x, as a.js does"),
        (b'import "./b.js";\nexport const name = 2;\n', "a.js:1: exports name, which b.js uses"),
    ],
)
def test_what_cannot_be_joined_is_refused(source: bytes, reason: str) -> None:
    modules = {"a.js": source, "b.js": b"export const x = 1;\nx + name;\n"}
    with pytest.raises(BundleError, match=reason):
        join_modules("a.js", modules)


def test_module_with_a_clashing_name_becomes_a_function() -> None:
    modules = {
        "a.js": b'import { b } from "./b.js";\nconst name = 1;\nb(name);\n',
        "b.js": b"export const b = (other) => other;\n",
    }
    assert join_modules("a.js", modules).count(b"=> {\n") == 1
    for clash in (b"const name = 2;\n", b"log(name);\n"):
        clashing = modules | {"b.js": modules["b.js"] + clash}
        assert join_modules("a.js", clashing).count(b"=> {\n") > 1
