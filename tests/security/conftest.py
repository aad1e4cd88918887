from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.attacked import AttackedService, attacked_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedService]:
    """One service for the attacks of a file: what one leaves behind must not hurt the next."""
    with attacked_service(tmp_path_factory.mktemp("service")) as attacked:
        yield attacked
        assert "Traceback" not in attacked.log
