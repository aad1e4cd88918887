"""The build of the bundle in tests."""

from pathlib import Path

import pytest

import build
from callcard.bundle.errors import BundleError


def bundle_error(gadget: Path, tmp_path: Path) -> str:
    """Return the message with which the build refuses the sources; it must write nothing."""
    with pytest.raises(BundleError) as refused:
        build.build(gadget, tmp_path / "dist", "")
    assert not (tmp_path / "dist").exists()
    return str(refused.value)
