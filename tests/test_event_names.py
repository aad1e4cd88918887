"""Short names of events: what fires one and what listens to it still mean the same."""

from callcard.bundle.event_names import shorten_event_names
from callcard.bundle.sources import Sources

SENDER = b"""
emit(this, "callcard-call-closed", { name: "callcard-call-closed" });
await request(this.host, "callcard-case-create", {});
emit(this, "callcard-shown", {});
localStorage.getItem("callcard-notes");
"""
RECEIVER = b"""
const table = { "callcard-call-closed": close, "callcard-case-create": create };
addEventListener("callcard-shown", show);
document.createElement("callcard-app");
"""


def test_both_ends_have_the_same_short_name() -> None:
    templates = {"view": '<p data-event="callcard-shown"></p>'}
    assets = {"x/a.js": SENDER, "x/main.js": RECEIVER, "x.css": b""}
    shortened = shorten_event_names(Sources({}, templates, assets, {"en": {}}))
    sender, receiver = (shortened.assets[name].decode() for name in ("x/a.js", "x/main.js"))
    assert 'emit(this, "e0", { name: "e0" });' in sender
    assert 'request(this.host, "e1", {});' in sender
    assert 'table = { "e0": close, "e1": create };' in receiver
    assert 'emit(this, "callcard-shown", {});' in sender, "a template names it"
    assert 'addEventListener("callcard-shown", show);' in receiver
    assert 'getItem("callcard-notes")' in sender
    assert 'createElement("callcard-app")' in receiver
