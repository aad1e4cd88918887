"""The main path in Firefox; all else is tested in Chromium."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.conftest import ROOT
from tests.harness.site import DemoSite

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox") or ""
TIMEOUT_SECONDS = 120


def has_puppeteer() -> bool:
    """Return whether npm has puppeteer-core among its global packages."""
    if not shutil.which("npm"):
        return False
    listed = subprocess.run(
        ["npm", "ls", "-g", "puppeteer-core"], capture_output=True, text=True, check=False
    )
    return listed.returncode == 0


@pytest.mark.skipif(not FIREFOX, reason="no Firefox: apt install firefox-esr")
def test_main_path(site: DemoSite) -> None:
    if not has_puppeteer():
        pytest.skip("no puppeteer-core: npm install -g puppeteer-core@24")
    script = ROOT / "tests" / "e2e" / "firefox_main_path.mjs"
    done = subprocess.run(
        ["node", str(script), site.finesse_url, FIREFOX],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    interaction = site.delivered_interaction(done.stdout.strip())
    assert interaction.end_reason == "transferred"
    (segment,) = interaction.agents
    assert segment.notes == "promised a credit note"
    assert segment.wrap_up_reasons == ("Sale",)
