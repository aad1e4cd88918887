"""The optional extras of the package: which of them a missing module belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from callcard.errors import OperatorError

EXTRA_BY_MODULE = {
    "trustme": "sandbox",
    "xstatic": "sandbox",
    "tree_sitter": "build",
    "tree_sitter_javascript": "build",
    "minify": "build",
    "charset_normalizer": "import",
    "jmespath": "rest",
    "authlib": "rest",
    "sqlalchemy": "sql",
    "asyncpg": "sql",
    "aiosqlite": "sql",
    "bonsai": "ldap",
    "joserfc": "tokens",
}
"""Modules that the service alone does not need, as `pyproject.toml` groups them."""


class MissingExtra(OperatorError):
    """A command needs an extra that is not installed; the message is the command to install it."""


@contextmanager
def requires_extras(*extras: str) -> Iterator[None]:
    """Turn the failed import of an optional module into one line that says what to install.

    `extras` are all that the command needs, so that one installation is enough.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRA_BY_MODULE:
            raise
        names = ",".join(extras)
        raise MissingExtra(
            f"{module} is not installed. Install it with: pip install 'callcard[{names}]'"
        ) from error
