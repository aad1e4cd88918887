"""How the sandbox starts on this machine: ports and gadget folders."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from callcard.api.http_limits import LimitedHttpProtocol
from finesse_sandbox import run
from finesse_sandbox.app import SandboxSettings
from tests.harness.ports import free_port


def test_port_in_use_is_reported_with_the_option_to_change() -> None:
    port = free_port()
    with run.listen(port, "--port"), pytest.raises(run.SandboxRunError) as caught:
        run.listen(port, "--port")
    reason = os.strerror(errno.EADDRINUSE)
    assert str(caught.value) == f"port {port} can't be used ({reason}); give another with --port"


def test_nodes_need_different_ports() -> None:
    settings = SandboxSettings(nodes=2, ports=(8445, 8445))
    with pytest.raises(run.SandboxRunError, match="--port and --second-port are both 8445"):
        run.listen_nodes(settings)


def test_folder_without_gadgets_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close_sockets(apps: list[tuple[object, socket.socket]], *_others: object) -> None:
        for _app, opened in apps:
            opened.close()

    monkeypatch.setattr(run, "serve", close_sockets)
    texts: list[str] = []
    settings = SandboxSettings(gadgets=(tmp_path,), ports=(free_port(), 0))
    run.run_sandbox(
        settings, tls=run.TlsSettings(), http_protocol=LimitedHttpProtocol, announce=texts.append
    )
    (text,) = texts
    assert text.endswith(
        f"No gadget XML in {tmp_path}; run `python build.py` and give dist/callcard"
    )
