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

VERIFICATION_GRACE_SECONDS = 0.3
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
    """Return the result; after a look-up, wait at most VERIFICATION_GRACE_SECONDS more for it.

    Raises CredentialsRejected if Finesse rejects the agent's credential.
    """
    if lookup is not None:
        await asyncio.wait((lookup,))
        await asyncio.wait((task,), timeout=VERIFICATION_GRACE_SECONDS)
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
        # Raises if the credential is really rejected: a 401 may mean something else.
        await agent.finesse.accepts(agent.credential, agent.login_id)
        return UNANSWERED
    except (FinesseError, NotPermitted):
        return UNANSWERED
    dialog = next((each for each in dialogs if each.id == report.id), None)
    if dialog is None:
        return Verification(None, answered=True)
    finesse_report = report_dialog(dialog)
    # Earlier states come from the desktop: only those of this agent and of outside participants are
    # trusted.
    trusted_addresses = {each.address for each in finesse_report.participants if not each.is_agent}
    trusted_addresses.add(agent.user.extension)
    earlier = (*report.earlier_states, *report.participants)
    return Verification(
        structs.replace(
            finesse_report,
            ended=report.ended,
            agent_state=report.agent_state,
            agent_state_since=report.agent_state_since,
            earlier_states=[each for each in earlier if each.address in trusted_addresses],
        ),
        answered=True,
    )
