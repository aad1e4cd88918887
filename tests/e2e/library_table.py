"""Compare the sandbox's finesse.js with the vendor's public names.

`python -m tests.e2e.library_table` writes the page `server/finesse_sandbox/finesse-js.md`.
"""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

from tests.conftest import ROOT
from tests.e2e.third_party import THIRD_PARTY, ThirdPartyGadget
from tests.harness.browser import BrowserDesktop, chromium
from tests.harness.site import open_demo_site

SURFACE = ROOT / "tests" / "samples" / "finesse_js" / "surface.txt"
PAGE = ROOT / "server" / "finesse_sandbox" / "finesse-js.md"

INTRODUCTION = """\
# The sandbox's finesse.js

The sandbox has a Finesse JavaScript library of its own; `--finesse-js FILE` serves the vendor's
instead. This page compares it, name by name, with the public surface of the vendor's library up to
12.6. A test in Chromium generates it; do not edit it (`python -m tests.e2e.library_table`).

A *stub* accepts the call and does nothing, because what it would change does not exist in the
sandbox. Classes of the desktop page itself, which a gadget never uses, are left out.
"""

# In an object, or a class that needs no server to be constructed, look each name up.
CLASSIFY = """([path, members]) => {
    const owner = path.split(".").reduce((object, name) => object?.[name], finesse);
    if (owner === undefined) return [path, null];
    let instance = {};
    if (typeof owner === "function") {
        const team = { getRestUrl: () => "/finesse/api/Team/1" };
        const options = { id: "1", data: {}, doNotSubscribe: true, parentObj: team };
        try {
            const isBase = /Rest\\w*Base$/.test(path);
            instance = isBase ? new owner("Users", options) : new owner(options);
        } catch {
            instance = owner.prototype;
        }
    }
    const kinds = members.map((name) => {
        const [object, key] = name.startsWith(".") ? [owner, name.slice(1)] : [instance, name];
        if (!(key in object)) return "missing";
        return object[key]?.isStub ? "stub" : "there";
    });
    return [path, kinds];
}"""


def read_surface() -> dict[str, list[str]]:
    """Return the members' names by class or object."""
    surface: dict[str, list[str]] = {}
    path = ""
    for line in SURFACE.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            path, _, line = line.partition(":")
            surface[path] = []
        surface[path] += line.split()
    return surface


def write_page(gadget: ThirdPartyGadget) -> str:
    """Return the page for the library that a gadget has loaded."""
    counts = {"there": 0, "stub": 0, "missing": 0}
    rows: list[str] = []
    gaps: list[str] = []
    for path, members in read_surface().items():
        _, kinds = gadget.call(CLASSIFY, [path, members])
        if kinds is None:
            counts["missing"] += len(members) + 1
            rows.append(f"| `{path}` | | | missing |")
            continue
        names: dict[str, list[str]] = {"there": [], "stub": [], "missing": []}
        for name, kind in zip(members, kinds, strict=True):
            names[kind].append(name)
        for kind, found in names.items():
            counts[kind] += len(found)
        counts["there"] += 1  # the class itself
        cells = " | ".join(str(len(names[kind]) or "") for kind in names)
        rows.append(f"| `{path}` | {cells} |")
        for kind in ("stub", "missing"):
            if names[kind]:
                text = f"- `{path}`, {kind}: " + ", ".join(f"`{name}`" for name in names[kind])
                gaps.append(textwrap.fill(text, 98, subsequent_indent="  "))
    total = f"Of {sum(counts.values())} names {counts['there']} are there, {counts['stub']} are "
    total += f"stubs and {counts['missing']} are missing."
    table = "| class or object | there | stub | missing |\n| --- | --- | --- | --- |\n"
    return (
        f"{INTRODUCTION}\n{total}\n\n## Stubs and gaps\n\n"
        + "\n".join(gaps)
        + "\n\n## All classes and objects\n\n"
        + table
        + "\n".join(rows)
        + "\n"
    )


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_demo_site(Path(folder), gadgets=(THIRD_PARTY,)) as site,
        chromium() as browser,
    ):
        desktop = BrowserDesktop(browser.new_page())
        desktop.sign_in(site)
        PAGE.write_text(write_page(ThirdPartyGadget(desktop.page)))


if __name__ == "__main__":
    main()
