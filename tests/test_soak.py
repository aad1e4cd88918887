"""One interaction for each call, on a bad day: see `soak`."""

import os
from pathlib import Path

import pytest

from tests.soak import soak

pytestmark = pytest.mark.anyio
CALLS = 1000 if os.environ.get("CI") else 100


async def test_every_call_is_in_the_crm_once_whatever_happens(tmp_path: Path) -> None:
    outcome = await soak(CALLS, tmp_path, kills=10 if CALLS >= 1000 else 3)
    assert (outcome.doubled, outcome.missing, outcome.without_end) == ([], [], []), outcome
    assert outcome.logged == outcome.calls == CALLS
    assert set(outcome.ends) >= {"completed", "missed"}
