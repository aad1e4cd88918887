"""What the service and the gadget both know of commands: outcomes and Finesse's refusals."""

import json
import re

from callcard.actions.call_actions import EXPECTED_STATES
from callcard.telephony.command_outcome import EXPLANATIONS
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
