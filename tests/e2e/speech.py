"""What a screen reader would speak: the texts of live regions, when they change."""

from __future__ import annotations

from playwright.sync_api import FrameLocator

_LISTEN = """(body) => {
    window.spoken = [];
    new MutationObserver((changes) => {
        for (const { target } of changes) {
            const element = target instanceof Element ? target : target.parentElement;
            const region = element?.closest("[role=status], [role=alert], [aria-live]");
            if (!region || region.ariaLive === "off" || !region.checkVisibility()) continue;
            const text = region.textContent.trim();
            if (text && window.spoken.at(-1) !== text) window.spoken.push(text);
        }
    }).observe(body, { childList: true, characterData: true, subtree: true });
}"""


def listen(gadget: FrameLocator) -> None:
    """Note from now on what the live regions say."""
    gadget.locator("body").evaluate(_LISTEN)


def spoken_in(gadget: FrameLocator) -> list[str]:
    """Return the texts of the live regions, in the order in which they came."""
    spoken: list[str] = gadget.locator("body").evaluate("() => window.spoken")
    return spoken
