"""Random actions leave the sandbox's calls and agents consistent, and every call ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.telephony.dialogs import Dialog
from tests.harness.finesse import CUSTOMER

ACTIONS = [
    "ANSWER",
    "HOLD",
    "RETRIEVE",
    "DROP",
    "CONSULT_CALL",
    "TRANSFER",
    "CONFERENCE",
    "TRANSFER_SST",
    "ACCEPT",
    "REJECT",
    "SEND_DTMF",
]
KINDS = ["ring", "dial", "act", "act", "act", "far end", "state", "monitor", "barge", "preview"]
EXTENSIONS = ["1001", "1002", "1003", "2001"]
ON_CALL = ("TALKING", "HOLD", "RESERVED", "RESERVED_OUTBOUND_PREVIEW")
STEP = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(EXTENSIONS),
    st.sampled_from([*EXTENSIONS, "9999", "+12125550199"]),
    st.sampled_from(ACTIONS),
    st.integers(0, 3),
)


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
def test_calls_and_agents_stay_consistent(platform: Literal["ucce", "uccx"]) -> None:
    @hypothesis.settings(max_examples=30)
    @given(st.lists(STEP, max_size=25))
    def check(steps: list[tuple[str, str, str, str, int]]) -> None:
        sandbox = Sandbox(SandboxSettings(platform=platform))
        for extension in EXTENSIONS:
            sandbox.agents.sign_in(sandbox.agents.users[extension], extension, "")
        sandbox.agents.users["1002"].wrap_up = "REQUIRED"
        for step in steps:
            with suppress(ApiError):
                _run(sandbox, *step)
            _check(sandbox)
        _end_everything(sandbox)
        assert sandbox.switch.dialogs == {}
        for extension in EXTENSIONS:
            assert sandbox.agents.users[extension].state not in ON_CALL

    check()


def _run(sandbox: Sandbox, kind: str, extension: str, other: str, action: str, number: int) -> None:
    switch = sandbox.switch
    user = sandbox.agents.users[extension]
    dialogs = list(switch.dialogs.values())
    dialog = dialogs[number % len(dialogs)] if dialogs else None
    match kind:
        case "ring":
            switch.ring(CUSTOMER, extension, "Support" if number % 2 else "")
        case "dial" if user.extension and other != extension:
            switch.make_call(user, other, "")
        case "preview":
            direct = sandbox.contact_centre.platform == "uccx"
            switch.preview(extension, CUSTOMER, "Winter", direct=direct)
        case "state":
            state = ("READY", "NOT_READY", "LOGOUT")[number % 3]
            reason = ("", "1", "4")[number % 3]
            sandbox.contact_centre.set_state(user, user, state, reason, "")
        case "monitor" if extension != "2001":
            switch.monitor(sandbox.agents.users["2001"], extension, "")
        case "barge" if dialog and dialog.kind == "monitor":
            switch.barge(sandbox.agents.users["2001"], dialog, "")
        case "far end" if dialog and number % 2:
            switch.answer_outside(dialog)
        case "far end" if dialog:
            switch.drop_outside(dialog)
        case "act" if dialog and user.extension:
            # The REST API rejects a transfer to oneself before it reaches the switch.
            if other != extension or action not in ("CONSULT_CALL", "TRANSFER_SST"):
                switch.act(dialog, extension, action, "", toAddress=other, dtmfString="1")


def _check(sandbox: Sandbox) -> None:
    for dialog in sandbox.switch.dialogs.values():
        present = [p.address for p in dialog.participants if p.state != "DROPPED"]
        assert len(present) == len(set(present)), dialog
        assert any(p.is_agent and p.state != "DROPPED" for p in dialog.participants), dialog
    for extension in EXTENSIONS:
        user = sandbox.agents.users[extension]
        dialogs = sandbox.switch.dialogs_of(user)
        if not dialogs:
            assert user.state not in ON_CALL, user
        active = [dialog for dialog in dialogs if _is_active(dialog, extension)]
        assert len(active) <= 1, active


def _is_active(dialog: Dialog, extension: str) -> bool:
    own = dialog.participant(extension)
    return own is not None and own.state == "ACTIVE" and not own.passive


def _end_everything(sandbox: Sandbox) -> None:
    switch = sandbox.switch
    for extension in EXTENSIONS:
        for dialog in switch.dialogs_of(sandbox.agents.users[extension]):
            with suppress(ApiError):
                switch.act(dialog, extension, "REJECT" if "preview" in dialog.kind else "DROP")
    for dialog in list(switch.dialogs.values()):
        if dialog.id in switch.dialogs and dialog.state != "DROPPED":
            switch.drop_outside(dialog)
    wrapping_up = sandbox.agents.users["1002"]
    if wrapping_up.state in ("WORK", "WORK_READY"):
        sandbox.contact_centre.set_state(wrapping_up, wrapping_up, "READY", "", "")
