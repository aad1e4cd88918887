from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.attacked import AttackedService, attacked_service

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.security)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedService]:
    """One service for the attacks of a file: what one leaves behind must not hurt the next."""
    with attacked_service(tmp_path_factory.mktemp("service")) as attacked:
        yield attacked
        assert "Traceback" not in attacked.log
