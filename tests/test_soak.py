"""One interaction for each call while everything fails: see `soak`."""

import os
from pathlib import Path

import pytest

from tests.soak import soak

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
CALLS = 1000 if os.environ.get("CI") else 100


async def test_every_call_is_delivered_once_despite_failures(tmp_path: Path) -> None:
    result = await soak(CALLS, tmp_path, kills=10 if CALLS >= 1000 else 3)
    assert (result.doubled, result.missing, result.without_end) == ([], [], []), result
    assert result.interactions == result.calls == CALLS
    assert set(result.end_reasons) >= {"completed", "missed"}
