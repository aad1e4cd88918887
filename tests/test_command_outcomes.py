"""What the service and the gadget both know of commands: outcomes and Finesse's refusals."""

import json
import re

import pytest

from callcard.actions.call_actions import EXPECTED_STATES
from callcard.finesse.objects import ApiError
from callcard.telephony.command_outcome import EXPLANATIONS, explain_refusal, refusal_error
from tests.conftest import ROOT

COMMANDS = (ROOT / "gadget" / "shared" / "commands.js").read_text("utf-8")
ERRORS = (ROOT / "gadget" / "shared" / "errors.js").read_text("utf-8")


def table(source: str, name: str) -> str:
    """Return what is between the braces of a constant."""
    found = re.search(rf"const {name} = {{(.*?)\n}};", source, re.DOTALL)
    assert found, name
    return found[1]


def test_gadget_confirms_commands_by_the_same_states() -> None:
    gadget = {
        action: tuple(re.findall(r'"(\w+)"', states))
        for action, states in re.findall(
            r'"?([\w-]+)"?: \[(.*?)\]', table(COMMANDS, "EXPECTED_STATES")
        )
    }
    assert gadget == EXPECTED_STATES


def test_gadget_translates_the_same_refusals() -> None:
    english = json.loads((ROOT / "gadget" / "messages" / "en.json").read_text("utf-8"))
    gadget = {
        code: english[key]
        for code, key in re.findall(r'(\d+): \(\) => t\("([\w.]+)"\)', table(ERRORS, "REFUSALS"))
    }
    assert gadget == EXPLANATIONS


@pytest.mark.parametrize(
    ("error", "explanation"),
    [
        (ApiError(message="CF_NOT_ALLOWED", data="33"), EXPLANATIONS["33"]),
        (
            # errorData is the extension here, which may be equal to a code.
            ApiError(message="INVALID_ACTION UPDATE_CALL_DATA on extension 1010", data="1010"),
            EXPLANATIONS["22"],
        ),
        (
            ApiError(
                message="CF_INVALID_LOGON_DEVICE_SPECIFIED",
                data="260",
                peripheral_error_text="No device has this number.",
                peripheral_error_msg="PERERR_NODEVICE",
            ),
            f"{EXPLANATIONS['260']}. Finesse: No device has this number.",
        ),
        (
            ApiError(message="CF_OTHER", data="999", peripheral_error_msg="PERERR_X"),
            "Finesse: PERERR_X",
        ),
        (ApiError(message="CF_OTHER", data="999"), "Finesse: CF_OTHER"),
        (ApiError(type="Generic Error"), "Finesse: Generic Error"),
    ],
)
def test_refusal_is_explained_with_finesses_own_words(error: ApiError, explanation: str) -> None:
    assert explain_refusal(error) == explanation


def test_refusal_carries_all_that_finesse_says() -> None:
    error = ApiError(
        type="Invalid Device",
        message="CF_INVALID_LOGON_DEVICE_SPECIFIED",
        data="260",
        peripheral_error_code="10125",
        peripheral_error_text="No device has this number.",
        peripheral_error_msg="PERERR_NODEVICE",
    )
    assert refusal_error(error).extra["finesse"] == {
        "type": "Invalid Device",
        "message": "CF_INVALID_LOGON_DEVICE_SPECIFIED",
        "data": "260",
        "peripheral_code": "10125",
        "peripheral_text": "No device has this number.",
        "peripheral_message": "PERERR_NODEVICE",
    }
