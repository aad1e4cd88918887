"""Python's search for cyclic garbage, set for a server that answers within milliseconds."""

from __future__ import annotations

import gc

ALLOCATIONS = 20_000
"""Of containers, net, before the youngest objects are searched; Python's default is 700."""
GENERATION = 20
"""Searches of one generation before the next older one is searched, too."""


def rarely_search() -> None:
    """Leave out what exists now, and search the rest less often.

    A search of everything stops the process for 10 to 30 ms: with the defaults, the p99 of look-ups
    on 32 connections is four times as long (tests/bench, `lookup`). Almost all objects are freed
    without it, as soon as nothing refers to them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, GENERATION, GENERATION)
