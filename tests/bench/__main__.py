"""What Callcard costs, beside the least that is possible.

`python -m tests.bench [--short] [NAME…]` runs the named benchmarks, or all. `--short` only shows
that they run. Compare ratios of numbers from the same run: the numbers are this machine's.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.app_connect import app_connect
from tests.bench.contact_centre import contact_centre
from tests.bench.contact_search import contact_search
from tests.bench.decisions import decisions
from tests.bench.event_readers import event_readers
from tests.bench.guards import guards
from tests.bench.relay import relay
from tests.bench.requests_per_second import call_action, lookup
from tests.bench.ring_to_card import ring_to_card
from tests.bench.scale import FULL, SHORT, Scale
from tests.bench.sessions import sessions
from tests.bench.sources import sources
from tests.bench.team_board import team_board

BENCHMARKS: dict[str, Callable[[Path, Scale], None]] = {
    "ring-to-card": ring_to_card,
    "lookup": lookup,
    "call-action": call_action,
    "relay": relay,
    "contact-search": contact_search,
    "sources": sources,
    "app-connect": app_connect,
    "decisions": decisions,
    "event-readers": event_readers,
    "sessions": sessions,
    "team-board": team_board,
    "contact-centre": contact_centre,
    "guards": guards,
}


def main() -> None:
    names = [argument for argument in sys.argv[1:] if argument != "--short"]
    scale = SHORT if "--short" in sys.argv[1:] else FULL
    for name in names or BENCHMARKS:
        if name not in BENCHMARKS:
            sys.exit(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
        with tempfile.TemporaryDirectory(prefix="callcard-bench-") as folder:
            BENCHMARKS[name](Path(folder), scale)


if __name__ == "__main__":
    main()
