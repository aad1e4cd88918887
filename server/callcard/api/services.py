"""The services that endpoints use; `app` creates them once."""

from __future__ import annotations

from dataclasses import dataclass

from callcard.actions.callbacks import Callbacks
from callcard.actions.calls import CallControl
from callcard.actions.coaching import Coaching
from callcard.actions.interactions import Interactions
from callcard.actions.number_lists import NumberListActions
from callcard.actions.roster import Roster
from callcard.actions.sessions import Sessions
from callcard.actions.supervision import Supervision
from callcard.actions.transfer_targets import TransferTargets
from callcard.crm.directory import Directory
from callcard.finesse.cluster import Cluster
from callcard.journal.caller_lookup import CallerLookup
from callcard.journal.journal import Journal
from callcard.settings import Settings
from callcard.store.base import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: Settings
    store: Store
    cluster: Cluster
    directory: Directory
    journal: Journal
    caller_lookup: CallerLookup
    interactions: Interactions
    call_control: CallControl
    callbacks: Callbacks
    number_lists: NumberListActions
    sessions: Sessions
    roster: Roster
    supervision: Supervision
    coaching: Coaching
    transfer_targets: TransferTargets
