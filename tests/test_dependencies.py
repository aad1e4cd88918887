"""The licences of what the service installs: none obliges its users to anything."""

from __future__ import annotations

import importlib.metadata
import re
from importlib.util import find_spec

from packaging.requirements import Requirement

PERMISSIVE = re.compile(
    r"\b(MIT|MIT-0|BSD|Apache|PSF|ISC|Python Software Foundation|MPL-2\.0|Mozilla Public License)",
    re.IGNORECASE,
)
RESTRICTIVE = re.compile(r"\bA?GPL|General Public License|SSPL|Commons Clause|BUSL", re.IGNORECASE)
READ_BY_US = {
    "xstatic-jquery": "MIT",  # it says "same as jQuery"
}


def installed_with(name: str, extras: tuple[str, ...], found: dict[str, str]) -> dict[str, str]:
    """Add a distribution and everything that it requires to `found`: name and licence."""
    distribution = importlib.metadata.distribution(name)
    metadata = distribution.metadata
    key = metadata["Name"].lower()
    if key in found:
        return found
    fields = metadata.json
    classifiers = [each for each in fields.get("classifier", []) if "License" in each]
    expression, text = str(fields.get("license_expression", "")), str(fields.get("license", ""))
    found[key] = READ_BY_US.get(key) or "; ".join((expression, text[:80], *classifiers))
    for text in distribution.requires or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras)):
            installed_with(requirement.name, tuple(requirement.extras), found)
    return found


def test_every_installed_package_has_a_permissive_licence() -> None:
    # bonsai is compiled at installation, which not every machine can.
    compiled = ("ldap",) if find_spec("bonsai") else ()
    licences = installed_with(
        "callcard", ("sandbox", "build", "rest", "sql", "import", *compiled), {}
    )
    assert len(licences) > 30
    wrong = {
        name: licence
        for name, licence in licences.items()
        if not PERMISSIVE.search(licence) or RESTRICTIVE.search(licence)
    }
    assert wrong == {}
