"""Run `callcard` as a program of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.harness.waiting import wait_until


def environment(**more: str) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("CALLCARD_")
    }
    return {**inherited, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running(
    *arguments: str, cwd: Path, ready: str, tls: ssl.SSLContext | None = None, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the background, once `ready`, a URL, can be fetched."""
    process = subprocess.Popen(
        [sys.executable, "-m", "callcard", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=environment(PYTHONUNBUFFERED="1", **environ),
    )

    def is_ready() -> bool:
        if process.poll() is not None:
            pytest.fail(f"callcard {arguments[0]} ended: {process.communicate()[0]}")
        return can_fetch(ready, tls)

    try:
        wait_until(is_ready, 30)
        yield process
    finally:
        process.terminate()  # it ends its workers, which have the pipe open too
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def can_fetch(url: str, tls: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=tls) as response:
            return bool(response.status == 200)
    except OSError:
        return False
