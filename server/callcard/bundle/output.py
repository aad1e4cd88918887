"""Writing of a rendered bundle: into a folder, and as the zip for the Finesse server."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from callcard.bundle.errors import BundleError
from callcard.bundle.rendering import GADGETS_ELSEWHERE, TABS_ELSEWHERE, VERSION_DIGITS

BUNDLE_FOLDER = "callcard"
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
"""Finesse serves only files that all users may read."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""A fixed date, the earliest in ZIP, so that equal files give equal bytes."""
_ZIP_SYSTEM_UNIX = 3
_ZIP_MSDOS_DIRECTORY = 0x10
_REGULAR_FILE = 0o100000
_DIRECTORY = 0o40000


def write_bundle(bundle: Mapping[str, bytes], out: Path) -> None:
    """Replace the bundle in `out` by this one, with the permissions that Finesse needs."""
    folder = out / BUNDLE_FOLDER
    _reject_foreign_files(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for snippet in (TABS_ELSEWHERE, GADGETS_ELSEWHERE):
        (out / snippet).unlink(missing_ok=True)
    assets = {name for name in bundle if name.count("/") >= 2}
    # Assets come first: a desktop that reads gadget XML finds the assets that it names.
    for name in sorted(assets):
        _write_file(out, name, bundle[name])
    for name in sorted(bundle.keys() - assets):
        _write_file(out, name, bundle[name])


def _write_file(out: Path, name: str, content: bytes) -> None:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(_FILE_MODE)
    for parent in _folders_of(name):  # `out` itself is not ours
        (out / parent).chmod(_FOLDER_MODE)


def zip_bundle(bundle: Mapping[str, bytes]) -> bytes:
    """Return the bundle's folder as a zip, the same bytes for the same files."""
    files = {
        name: content for name, content in bundle.items() if name.startswith(f"{BUNDLE_FOLDER}/")
    }
    folders = {folder for name in files for folder in _folders_of(name)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(folders | files.keys()):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.create_system = _ZIP_SYSTEM_UNIX  # or unzip ignores the permissions
            if name in folders:
                entry.external_attr = (_DIRECTORY | _FOLDER_MODE) << 16 | _ZIP_MSDOS_DIRECTORY
                entry.compress_type = zipfile.ZIP_STORED
            else:
                entry.external_attr = (_REGULAR_FILE | _FILE_MODE) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files.get(name, b""))
    return target.getvalue()


def _reject_foreign_files(folder: Path) -> None:
    """Raise BundleError for a file that no build wrote: replacing the folder would delete it."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        is_version = re.fullmatch(rf"[0-9a-f]{{{VERSION_DIGITS}}}", path.name)
        if path.suffix != ".xml" and not is_version:
            reason = f"{path.name} is not from a build; choose another --out, or move it away"
            raise BundleError(folder, 1, reason)


def _folders_of(name: str) -> Iterator[str]:
    """Yield the folders above a file, as in `callcard/` and `callcard/0123456789ab/`."""
    for position, character in enumerate(name):
        if character == "/":
            yield name[: position + 1]
