"""Minification of scripts and style sheets: what a page loads, as small as it gets."""

from __future__ import annotations

import minify

from callcard.bundle.errors import BundleError
from callcard.bundle.sources import FOLDER

_MEDIA_TYPES = {".js": "application/javascript", ".css": "text/css"}


def minify_asset(name: str, source: bytes) -> bytes:
    """Return a script or style sheet in fewer bytes, other assets as they are.

    Raises BundleError, without a useful line, if `source` cannot be read.
    """
    media_type = _MEDIA_TYPES.get(name[name.rfind(".") :])
    if media_type is None or not source.strip():
        return source
    try:
        minified: str = minify.string(media_type, source.decode())
    except minify.MinifyError as error:
        raise BundleError(f"{FOLDER}{name}", 1, f"cannot be minified: {error}") from error
    return minified.encode()
