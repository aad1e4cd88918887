"""A third-party gadget on the sandbox's desktop, for tests of its container and library."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.conftest import ROOT

THIRD_PARTY = ROOT / "tests" / "samples" / "third_party"
SUPERVISOR_LAYOUT = ROOT / "tests" / "samples" / "supervisor.xml"
"""A supervisor's layout with the third-party gadget."""


class ThirdPartyGadget:
    """The gadget in its tab. It records the events that it receives, by name."""

    def __init__(self, page: Page) -> None:
        page.get_by_role("tab", name="Third party").click()
        iframe = page.locator("iframe[src*='third_party.xml']").element_handle()
        frame = iframe.content_frame()
        assert frame
        self._frame = frame
        self.wait_for("typeof thirdParty === 'object' && !!thirdParty.dialogs")

    def run(self, script: str) -> Any:
        return self._frame.evaluate(script)

    def call(self, function: str, argument: Any) -> Any:
        """Return what a function of `argument` returns in the gadget."""
        return self._frame.evaluate(function, argument)

    def wait_for(self, script: str, argument: Any = None) -> None:
        """Wait until an expression, or a function of `argument`, is true in the gadget."""
        self._frame.wait_for_function(script, arg=argument)

    def recorded(self, event: str) -> list[Any]:
        values: list[Any] = self.run(f"thirdParty.recorded[{event!r}] || []")
        return values

    def expect_recorded(self, event: str, *values: Any) -> None:
        """Wait until exactly these values are recorded of an event."""
        same = "([event, values]) => JSON.stringify(thirdParty.recorded[event] || [])"
        self.wait_for(f"{same} === JSON.stringify(values)", [event, list(values)])

    def expect_last_recorded(self, event: str, value: Any) -> None:
        """Wait until the last recorded value of an event is this one."""
        same = "([event, value]) => JSON.stringify((thirdParty.recorded[event] || []).at(-1))"
        self.wait_for(f"{same} === JSON.stringify(value)", [event, value])

    def expect_some_recorded(self, event: str) -> None:
        self.wait_for("(event) => !!thirdParty.recorded[event]?.length", event)
