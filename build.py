"""Build the gadget bundle: load, check, render, write, zip. `python build.py --help` says how.

The steps are modules of `callcard.bundle`. Nothing is written unless every check passes.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import click

from callcard import __version__
from callcard.bundle.errors import BundleError
from callcard.bundle.sources import load
from callcard.errors import SettingsError
from callcard.extras import MissingExtra, requires_extras
from callcard.settings import Settings
from callcard.terminal import echo

try:
    with requires_extras("build"):
        from callcard.bundle.checks import check_gadget_xml, check_sources
        from callcard.bundle.output import write_bundle, zip_bundle
        from callcard.bundle.rendering import (
            GADGETS_ELSEWHERE,
            GADGETS_ON_FINESSE,
            SUPERVISOR_TABS_ON_FINESSE,
            TABS_ELSEWHERE,
            TABS_ON_FINESSE,
            render,
        )
        from callcard.bundle.size_budget import BUDGET_BYTES, PageSize, check_budget, measure_pages
except MissingExtra as error:
    sys.exit(f"build.py: {error}")

ROOT = Path(__file__).resolve().parent


def build(folder: Path, out: Path, service_url: str) -> dict[str, bytes]:
    """Build the gadgets in `folder` into `out`; return every file made. Raises BundleError."""
    files, _pages = _build(folder, out, service_url)
    return files


def _build(folder: Path, out: Path, service_url: str) -> tuple[dict[str, bytes], list[PageSize]]:
    sources = load(folder)
    check_sources(sources)
    bundle = render(sources, service_url)
    for name, gadget in sources.gadgets.items():
        check_gadget_xml(gadget, bundle.files[f"callcard/{name}.xml"], sources)
    pages = measure_pages(sources, bundle)
    check_budget(pages)
    write_bundle(bundle.files, out)
    zip_name = f"callcard-{__version__}.zip"
    archive = zip_bundle(bundle.files)
    (out / zip_name).write_bytes(archive)
    return {**bundle.files, zip_name: archive}, pages


@click.command(help="Build the gadget bundle into dist/: folder, zip, tabs for the layout.")
@click.option(
    "--service-url", help="Address of the Callcard service as the Finesse node reaches it."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "dist",
    help="Output folder. Default: dist/",
)
@click.option(
    "--gadgets",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=ROOT / "gadget",
    hidden=True,
)
def main(service_url: str | None, out: Path, gadgets: Path) -> None:
    try:
        settings = Settings.read(overrides={"gadget.service_url": service_url})
        files, pages = _build(gadgets, out, settings.gadget.service_url)
    except (BundleError, SettingsError) as error:
        echo(f"build.py: {error}", err=True)
        sys.exit(1)
    echo(f"{'raw':>8}  {'gzip':>7}  {out}/")
    for name, content in sorted(files.items()):
        echo(f"{len(content):>8,}  {len(gzip.compress(content, 9)):>7,}  {name}")
    echo(f"\n{'raw':>8}  {'gzip':>7}  what each gadget's page loads")
    for page in pages:
        echo(
            f"{page.raw_bytes:>8,}  {page.gzip_bytes:>7,}  {page.gadget.name}"
            f" (budget {BUDGET_BYTES:,} gzip; later {page.later_gzip_bytes:,})"
        )
    echo(
        f"\nPaste {TABS_ON_FINESSE} between <tabs> and </tabs> of the desktop layout if Finesse"
        " serves the bundle:\nthe card has a tab of its own. Or place the gadget beside others:"
        f" paste {GADGETS_ON_FINESSE} into\n<gadgets> of the Home tab, or into <page> to show it"
        " above all tabs."
    )
    if SUPERVISOR_TABS_ON_FINESSE in files:
        echo(
            f"Paste {SUPERVISOR_TABS_ON_FINESSE} into the layout of the role Supervisor, beside the"
            " card's tab."
        )
    if TABS_ELSEWHERE in files:
        echo(f"If the service serves the bundle, use {TABS_ELSEWHERE} or {GADGETS_ELSEWHERE}.")
    else:
        echo(
            "No service_url is set: the gadget finds the service only if the layout names it"
            " with ?service=https://…",
            err=True,
        )


if __name__ == "__main__":
    main()
