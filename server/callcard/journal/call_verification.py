"""Ask Finesse whether an agent really has the call that their desktop reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from msgspec import structs

from callcard.crm.directory import Lookup
from callcard.errors import CredentialsRejected, FinesseError, NotFound, NotPermitted
from callcard.futures import mark_retrieved
from callcard.journal.report import CallReport, report_dialog
from callcard.principals import Agent

LOOKUP_GRACE_SECONDS = 0.3
"""How long a screen pop waits for Finesse once the contacts are found. The next report, a few
seconds later, verifies the call if Finesse took longer."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What Finesse said: `report` is the call as it shows it to the agent, None if it does not."""

    report: CallReport | None
    answered: bool
    """Whether Finesse answered at all."""


UNANSWERED = Verification(None, answered=False)


def begin_verification(agent: Agent, report: CallReport) -> asyncio.Task[Verification]:
    """Read the agent's dialogs in the background. Await it with `finish_verification`."""
    task = asyncio.create_task(_verify(agent, report))
    task.add_done_callback(mark_retrieved)
    return task


async def finish_verification(
    task: asyncio.Task[Verification], lookup: asyncio.Task[Lookup] | None
) -> Verification:
    """Return the result; with a look-up, soon after that is done.

    Raises CredentialsRejected if Finesse rejects the agent's credential.
    """
    if lookup is not None:
        await asyncio.wait((lookup,))
        await asyncio.wait((task,), timeout=LOOKUP_GRACE_SECONDS)
        if not task.done():
            task.cancel()
            return UNANSWERED
    return await task


async def _verify(agent: Agent, report: CallReport) -> Verification:
    try:
        dialogs = await agent.finesse.dialogs(agent.credential, agent.login_id)
    except NotFound:  # Finesse does not know the agent as signed in
        return Verification(None, answered=True)
    except CredentialsRejected:
        await agent.finesse.accepts(agent.credential, agent.login_id)
        return UNANSWERED
    except (FinesseError, NotPermitted):
        return UNANSWERED
    dialog = next((each for each in dialogs if each.id == report.id), None)
    if dialog is None:
        return Verification(None, answered=True)
    shown = report_dialog(dialog)
    # Earlier states come from the desktop: they count for the agent and outside participants.
    about = {each.address for each in shown.participants if not each.is_agent}
    about.add(agent.user.extension)
    earlier = (*report.earlier_states, *report.participants)
    return Verification(
        structs.replace(
            shown,
            ended=report.ended,
            agent_state=report.agent_state,
            agent_state_since=report.agent_state_since,
            earlier_states=[each for each in earlier if each.address in about],
        ),
        answered=True,
    )
