"""How the fields of `objects` declare their XML elements. `codec` reads the declarations.

The element of the field `media_address` is `mediaAddress`, unless `tag` names another.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeVar

_T = TypeVar("_T")


def text(tag: str = "", *, verbatim: bool = False) -> Any:
    """Declare a child with text. `tag` is its name if that does not follow from the field's.

    `verbatim` text keeps its blanks, and is written even when it is empty.
    """
    return field(default="", metadata={"tag": tag, "verbatim": verbatim})


def child(kind: type[_T], tag: str) -> Any:
    """Declare a child that is an object; None if it is missing."""
    return field(default=None, metadata={"tag": tag, "kind": kind})


def children(kind: type[_T], tag: str, within: str) -> Any:
    """Declare a list: children called `tag` inside the child `within`."""
    return field(default=(), metadata={"tag": tag, "kind": kind, "within": within})
