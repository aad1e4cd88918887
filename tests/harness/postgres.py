"""A PostgreSQL server of its own for tests, with a database for each."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.ports import free_port

HOW_TO_GET = "no PostgreSQL: apt install postgresql"


def find_binary(name: str) -> str | None:
    """Return a program of PostgreSQL; Debian keeps them beside the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server; yield its address without a database, for the user `callcard`."""
    initdb, server = find_binary("initdb"), find_binary("postgres")
    assert initdb, HOW_TO_GET
    assert server, HOW_TO_GET
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.getuid() == 0 else getpass.getuser()
    folder = Path(tempfile.mkdtemp(prefix="callcard-postgres-"))
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    port = free_port()
    data = folder / "data"
    try:
        command = [initdb, "-D", str(data), "-U", "callcard", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder)
        options = ["-c", "fsync=off", "-c", "max_connections=100", "-k", str(folder)]
        process = subprocess.Popen(
            [server, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), *options],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(port)
            yield f"postgresql+asyncpg://callcard@127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(port: int) -> None:
    ready = find_binary("pg_isready")
    assert ready, HOW_TO_GET
    command = [ready, "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(60):
        if subprocess.run(command, check=False).returncode == 0:
            return
    raise AssertionError("PostgreSQL did not start")
