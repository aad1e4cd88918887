"""What a screen reader speaks during a call: the live regions that change."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.card import KNOWN_CUSTOMER, expect_phase, open_card, press, write_notes
from tests.e2e.speech import listen, spoken_in
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def test_phases_are_spoken_and_not_each_save(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    listen(gadget)
    call = site.ring(KNOWN_CUSTOMER)
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    write_notes(gadget, "wants a refund")
    press(gadget, "Hold")
    expect_phase(gadget, "On hold")
    press(gadget, "Retrieve")
    expect_phase(gadget, "On the call")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    spoken = spoken_in(gadget)
    phases = [text for text in spoken if text in {"On the call", "On hold", "Call ended"}]
    assert phases == ["On the call", "On hold", "On the call", "Call ended"]
    assert not {"Not saved yet", "Saving…", "Saved"} & set(spoken)


def test_notes_that_are_not_saved_are_spoken_and_that_they_are_at_last(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    listen(gadget)
    site.ring(KNOWN_CUSTOMER)
    press(gadget, "Answer")
    write_notes(gadget, "wants")
    saved = open_card(gadget).locator(".saved")
    site.service.is_down = True
    open_card(gadget).get_by_label("Notes").fill("wants a refund")
    expect(saved).to_contain_text("Not saved, retrying: ")
    site.service.is_down = False
    expect(saved).to_have_text("Saved")
    about_notes = [text for text in spoken_in(gadget) if "aved" in text]
    assert about_notes[0].startswith("Not saved, retrying: ")
    assert about_notes[-1] == "Saved"
