"""The process ends after SIGTERM, also when its event loop hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.harness.ports import free_port
from tests.harness.waiting import wait_until

HANGING_SERVICE = """
import sys, uvicorn
from callcard.api.shutdown import ForcedShutdown
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["path"] == "/hang":
        while True:
            pass
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
uvicorn.run(ForcedShutdown(app, seconds=0.5), port=int(sys.argv[1]), log_level="error")
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_hanging_event_loop_does_not_keep_the_process(
    tmp_path: Path, signum: signal.Signals
) -> None:
    port = free_port()
    script = tmp_path / "hanging.py"
    script.write_text(HANGING_SERVICE)
    with subprocess.Popen([sys.executable, str(script), str(port)]) as process:

        def is_up() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(is_up)
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"http://127.0.0.1:{port}/hang", timeout=0.2)
        start = time.monotonic()
        process.send_signal(signum)
        assert process.wait(10) == 1
        assert time.monotonic() - start < 8
