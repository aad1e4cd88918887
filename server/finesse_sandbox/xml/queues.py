"""XML of queues and their statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from lxml import etree
from lxml.builder import E

from finesse_sandbox.site import Platform, Queue
from finesse_sandbox.xml.document import API

_AGENT_STATISTICS = (
    "agentsReady",
    "agentsNotReady",
    "agentsBusyOther",
    "agentsLoggedOn",
    "agentsTalkingInbound",
    "agentsTalkingOutbound",
    "agentsTalkingInternal",
    "agentsWrapUpNotReady",
    "agentsWrapUpReady",
)


_STATISTICS_OF_STATES = {
    "READY": "agentsReady",
    "NOT_READY": "agentsNotReady",
    "TALKING": "agentsTalkingInbound",
    "WORK": "agentsWrapUpNotReady",
    "WORK_READY": "agentsWrapUpReady",
}


def queues_element(
    queues: Iterable[Queue],
    waiting: Mapping[str, int],
    agents: Mapping[str, int],
    platform: Platform,
) -> etree._Element:
    return E.Queues(
        *(queue_element(queue, waiting.get(queue.name, 0), agents, platform) for queue in queues)
    )


def count_agents(states: Iterable[str]) -> dict[str, int]:
    """Return the statistics of agents in these states; every agent serves every queue."""
    signed_in = Counter(state for state in states if state != "LOGOUT")
    counts = {name: signed_in[state] for state, name in _STATISTICS_OF_STATES.items()}
    return counts | {"agentsLoggedOn": signed_in.total()}


def queue_element(
    queue: Queue,
    waiting: int,
    agents: Mapping[str, int],
    platform: Platform,
    tag: str = "Queue",
) -> etree._Element:
    """Return a queue with its statistics; on UCCX every number is -1."""
    is_uccx = platform == "uccx"
    statistics = E.statistics(
        E.callsInQueue("-1" if is_uccx else str(waiting)),
        E.startTimeOfLongestCallInQueue(),
        *(E(name, "-1" if is_uccx else str(agents.get(name, 0))) for name in _AGENT_STATISTICS),
    )
    return E(tag, E.uri(f"{API}/Queue/{queue.id}"), E.name(queue.name), statistics)
