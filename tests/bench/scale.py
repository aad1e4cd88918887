"""How much the benchmarks measure: FULL for results, SHORT to see that they run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    calls: int
    """Calls that ring in the browser."""
    rounds: int
    """Of each comparison; the median counts."""
    round_seconds: float
    connections: tuple[int, ...]
    contacts: tuple[int, ...]
    lookups: int
    """In each set of contacts."""
    source_lookups: int
    """Over several contact sources."""
    list_entries: int
    """On number lists."""
    event_readers: int
    """Of the event stream, in one process."""
    sessions: int
    """Notification sessions in one process."""
    team_agents: int
    """On a supervisor's team board."""
    team_seconds: float
    """For which their states change."""
    minutes: float
    """Of the contact centre under load."""
    agents: int
    calls_per_second: float
    most_times_the_calls: int
    """Up to which multiple of them the service is then tried."""
    idle_calls: int
    """Calls of the contact centre before the load, one at a time."""
    talk_seconds: tuple[float, float]
    """Shortest and longest call. With the time around it, an agent has about 30 calls an hour."""


FULL = Scale(
    calls=200,
    rounds=3,
    round_seconds=2.0,
    connections=(1, 32, 256),
    contacts=(10_000, 1_000_000, 10_000_000),
    lookups=5000,
    source_lookups=50,
    list_entries=1_000_000,
    event_readers=2000,
    sessions=1000,
    team_agents=500,
    team_seconds=20,
    minutes=10,
    agents=2000,
    calls_per_second=17,
    most_times_the_calls=10,
    idle_calls=200,
    talk_seconds=(30.0, 90.0),
)
SHORT = Scale(
    calls=5,
    rounds=1,
    round_seconds=0.3,
    connections=(1, 8),
    contacts=(100, 1000),
    lookups=50,
    source_lookups=3,
    list_entries=1000,
    event_readers=20,
    sessions=10,
    team_agents=10,
    team_seconds=3,
    minutes=0.1,
    agents=20,
    calls_per_second=2,
    most_times_the_calls=2,
    idle_calls=5,
    talk_seconds=(0.5, 1.0),
)
