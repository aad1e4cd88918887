"""Python's search for cyclic garbage, set for a server that answers within milliseconds."""

from __future__ import annotations

import gc

YOUNGEST_THRESHOLD = 20_000
"""Containers allocated minus freed before the youngest generation is searched; the default is 700,
or 2,000 since Python 3.13."""
OLDER_THRESHOLDS = 20
"""Searches of one generation before the next older one is searched, too."""


def tune_garbage_collection() -> None:
    """Leave out what exists now, and search the rest less often.

    A search of everything stops the process for 10 to 30 ms: with the defaults, the p99 of look-ups
    on 32 connections is four times as long (tests/bench, `lookup`). Almost all objects are freed
    without it, as soon as nothing refers to them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST_THRESHOLD, OLDER_THRESHOLDS, OLDER_THRESHOLDS)
