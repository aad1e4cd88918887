"""`callcard serve`: workers, connections and what they share."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.harness.commands import environment, running
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret


def error_response(request: urllib.request.Request) -> tuple[int, dict[str, object]]:
    """Send a request that fails; return the status and the problem."""
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=10)
    with error.value:
        return error.value.code, json.load(error.value)


def test_serve_with_a_settings_file_and_two_workers(tmp_path: Path) -> None:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    write_secret(
        tmp_path / "own.toml",
        '[finesse]\nurl = "http://127.0.0.1:9"\n[telephony]\ncountry = "DE"\n',
    )
    arguments = ("serve", "--config", "own.toml", "--port", port, "--workers", "2")
    with running(*arguments, cwd=tmp_path, ready=f"{url}/healthz") as service:
        status, problem = error_response(urllib.request.Request(f"{url}/api/v1/me"))
        assert (status, problem["code"]) == (401, "credentials-missing")
        service.send_signal(signal.SIGTERM)
        output, _ = service.communicate(timeout=15)
    assert "GET /api/v1/me 401" in output
    assert "Traceback" not in output


def test_connections_are_as_many_as_configured(tmp_path: Path) -> None:
    port = free_port()
    write_secret(
        tmp_path / "callcard.toml", "[api]\nconnections = 12\nconnections_per_address = 10\n"
    )
    ready = f"http://127.0.0.1:{port}/healthz"
    with (
        running("serve", "--port", str(port), cwd=tmp_path, ready=ready),
        contextlib.ExitStack() as stack,
    ):
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            for _ in range(11)
        ]
        assert connections[-1].recv(4096).startswith(b"HTTP/1.1 503")
        connections[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connections[0].recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
@pytest.mark.parametrize("option", [(), ("--config", "callcard.toml")], ids=["found", "given"])
def test_settings_that_others_can_read_are_refused(tmp_path: Path, option: tuple[str, ...]) -> None:
    write_secret(tmp_path / "callcard.toml", "[api]\nconnections = 100\n")
    command = [sys.executable, "-m", "callcard", "serve", "--port", str(free_port()), *option]
    (tmp_path / "callcard.toml").chmod(0o644)
    error = error_of(command, tmp_path)
    assert "every user of this machine can read callcard.toml; run chmod o=" in error


def test_more_connections_than_the_system_permits(tmp_path: Path) -> None:
    write_secret(tmp_path / "callcard.toml", "[api]\nconnections = 5000\n")
    serve = f"ulimit -n 300; {sys.executable} -m callcard serve --port {free_port()}"
    error = error_of(["bash", "-c", serve], tmp_path)
    assert "api.connections 5000 needs 5200 open files, and this process may have 300" in error


def error_of(command: list[str], folder: Path) -> str:
    """Return what a command says that can't start."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_six_workers_present_a_wrong_password_to_finesse_once(tmp_path: Path) -> None:
    port = free_port()
    service = f"http://127.0.0.1:{port}"
    sandbox_port = free_port()
    finesse = f"http://127.0.0.1:{sandbox_port}"
    wrong_password = urllib.request.Request(
        f"{service}/api/v1/me", headers={"Authorization": "Basic MTAwMTp3cm9uZw=="}
    )

    def status(_: int) -> int:
        return error_response(wrong_password)[0]

    sandbox = ("sandbox", "--port", str(sandbox_port))
    serve = ("serve", "--port", str(port), "--workers", "6")
    with (
        running(*sandbox, cwd=tmp_path, ready=f"{finesse}/desktop"),
        running(*serve, cwd=tmp_path, ready=f"{service}/readyz", CALLCARD_FINESSE_URL=finesse),
    ):
        with concurrent.futures.ThreadPoolExecutor(15) as clients:
            assert set(clients.map(status, range(60))) == {401}
        with urllib.request.urlopen(f"{finesse}/sandbox/requests", timeout=5) as response:
            paths = [request["path"] for request in json.load(response)]
    assert len([path for path in paths if path.startswith("/finesse/api/User")]) == 1
