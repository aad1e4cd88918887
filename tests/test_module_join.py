"""Joining of JavaScript modules: the joined script does what the modules do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from callcard.bundle.errors import BundleError
from callcard.bundle.module_join import join_modules, separate_modules

MODULES = {
    "page/main.js": b'import { name as first, log } from "../shared/a.js";\n'
    b'import { name } from "./b.js";\nimport "./effect.js";\n'
    b'log(`${first} ${name}`);\nconst later = () => import("./later.js");\n',
    "page/b.js": b'import { log } from "../shared/a.js";\nlog("b");\nconst name = "B";\n'
    b"export { name };\n",
    "page/effect.js": b'console.log("effect");\n',
    "page/later.js": b"export const late = 1;\n",
    "shared/a.js": b'export const name = "A";\nexport function log(text) {\n'
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
    ],
)
def test_what_cannot_be_joined_is_refused(source: bytes, reason: str) -> None:
    modules = {"a.js": source, "b.js": b"export const x = 1;\n"}
    with pytest.raises(BundleError, match=reason):
        join_modules("a.js", modules)
