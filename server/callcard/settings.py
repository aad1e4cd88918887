"""Every knob once: name, default, help. Read from `callcard.toml` and the environment, frozen, passed down.

The environment wins over the file: `country = "DE"` in the file is `CALLCARD_COUNTRY=DE` outside it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from callcard.errors import OperatorError
from callcard.telephony import numbers


class SettingsError(OperatorError):
    """A setting that can't be used; the message names it and says what would do."""


def _knob(default: Any, help: str, *, secret: bool = False) -> Any:
    return dataclasses.field(
        default=default, repr=not secret, metadata={"help": help, "secret": secret}
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    finesse_url: str = _knob(
        "https://localhost:8445", "address of the Finesse node that answers REST calls"
    )
    finesse_second_url: str = _knob("", "address of the second node, when there are two")
    notifications: str = _knob(
        "websocket", "how sessions hear of events: websocket (12.6 and later), or tcp"
    )
    notifications_port: int = _knob(
        0, "port of Finesse's notification service; 0 is the REST port, or with tcp 5223"
    )
    finesse_ca: str = _knob(
        "", "file with the certificate authority of Finesse, when the system does not know it"
    )
    finesse_deadline: float = _knob(
        4.0, "seconds that all of a request's Finesse calls may take; its proxy gives up at 5"
    )
    country: str = _knob("US", "country of numbers written without a country code, two letters")
    database: str = _knob("callcard.sqlite", "file of the local contacts, made when it is missing")
    suffix_digits: int = _knob(
        8, "last digits that must agree when no number agrees whole; 0 turns that off"
    )
    source_deadline: float = _knob(
        1.5, "seconds to wait for a contact source before answering without it"
    )
    credential_seconds: float = _knob(
        60.0, "seconds for which a proved credential is not proved again"
    )
    lockout_seconds: float = _knob(
        300.0, "seconds for which a refused credential is not shown to Finesse again"
    )
    body_limit: int = _knob(65536, "bytes that a request's body may have")
    store: str = _knob(
        "",
        "file of calls on their way to the CRM, callbacks and number lists; beside the contacts when not given",
    )
    log_url: str = _knob(
        "",
        "address to which each interaction is PUT as JSON, {id} in it replaced; none keeps them with the contacts",
    )
    log_at_once: int = _knob(
        8, "interactions on their way to the CRM at a time; 1 is one after another"
    )
    log_token: str = _knob("", "Bearer token for log_url", secret=True)
    notes_seconds: float = _knob(
        120.0,
        "seconds after a call for which its notes can be finished, before the CRM hears of it",
    )
    lost_seconds: float = _knob(
        90.0, "seconds without a word from any desktop after which a call counts as lost"
    )
    keep_days: float = _knob(7.0, "days for which a call that the CRM has is kept here too")
    owner: str = _knob(
        "last", "whose interaction a transferred call is: the first or the last agent's"
    )
    number_variables: tuple[str, ...] = _knob(
        (), "call variables that hold the customer's number, the most dependable first"
    )
    pop_variables: tuple[str, ...] = _knob(
        (), "call variables that hold the id of a contact or a case, which is then opened"
    )
    contact_variable: str = _knob(
        "",
        "call variable that tells another site's Callcard which contact was chosen, such as user.callcard",
    )
    disposition_teams: tuple[str, ...] = _knob(
        (), "teams, by name, whose agents must choose a wrap-up reason; * is every team"
    )
    dial_rules: tuple[str, ...] = _knob(
        (), 'how numbers are dialled, as in "+1 -> 91", the first that fits'
    )
    service_url: str = _knob(
        "", "address of this service as the Finesse node reaches it; built into the gadget"
    )
    bundle: str = _knob(
        "dist", "folder with the built gadgets, served under /gadget/ when it exists"
    )

    @classmethod
    def read(
        cls, file: Path | None = None, environ: Mapping[str, str] = os.environ, **given: Any
    ) -> Self:
        """Settings from `file` (or CALLCARD_CONFIG's, or `callcard.toml` here), the environment, and `given`, the last winning.

        Raises SettingsError for an unreadable file, an unknown name or a value of the wrong kind.
        """
        values: dict[str, Any] = {}
        environ = dict(environ)
        told = environ.pop("CALLCARD_CONFIG", "")
        if file is None and told:
            file = Path(told)
        if file is None and Path("callcard.toml").is_file():
            file = Path("callcard.toml")
        if file is not None:
            try:
                values |= tomllib.loads(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise SettingsError(f"{file}: {error}") from error
        prefix = "CALLCARD_"
        values |= {
            name[len(prefix) :].lower(): value
            for name, value in environ.items()
            if name.startswith(prefix)
        }
        values |= {name: value for name, value in given.items() if value is not None}
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name in values:
            if name not in fields:
                near = difflib.get_close_matches(name, fields, n=1)
                raise SettingsError(
                    f"there is no setting {name!r}"
                    + (f"; did you mean {near[0]!r}?" if near else "")
                )
        return cls(
            **{
                name: _convert(name, type(fields[name].default), value)
                for name, value in values.items()
            }
        )

    @property
    def finesse_urls(self) -> tuple[str, ...]:
        """Of one node or of both, the preferred first."""
        return tuple(url for url in (self.finesse_url, self.finesse_second_url) if url)

    def __post_init__(self) -> None:
        for name in ("finesse_url", "finesse_second_url", "service_url", "log_url"):
            value = getattr(self, name)
            if value and not value.startswith(("http://", "https://")):
                raise SettingsError(f"{name} must start with http:// or https://, not {value!r}")
        if self.notifications not in ("websocket", "tcp"):
            raise SettingsError(
                f"notifications must be websocket or tcp, not {self.notifications!r}"
            )
        if not 0 <= self.notifications_port <= 65535:
            raise SettingsError("notifications_port must be a port, or 0")
        if not (len(self.country) == 2 and self.country.isascii() and self.country.isalpha()):
            raise SettingsError(
                f"country must be two letters, as in US or DE, not {self.country!r}"
            )
        object.__setattr__(self, "country", self.country.upper())
        if not self.store:
            object.__setattr__(self, "store", f"{Path(self.database).with_suffix('')}-calls.sqlite")
        if self.owner not in ("first", "last"):
            raise SettingsError(f"owner must be first or last, not {self.owner!r}")
        try:
            numbers.read_rules(self.dial_rules)
        except ValueError as error:
            raise SettingsError(f"dial_rules: {error}") from error
        for name in (
            "finesse_deadline", "source_deadline", "credential_seconds", "lockout_seconds", "body_limit",
            "lost_seconds", "keep_days", "log_at_once",
        ):  # fmt: skip
            if not 0 < getattr(self, name) < math.inf:
                raise SettingsError(f"{name} must be more than 0, and finite")
        if self.suffix_digits and not 5 <= self.suffix_digits <= 15:
            raise SettingsError(
                "suffix_digits must be 0 or from 5 to 15: fewer digits match strangers"
            )


def _convert(name: str, kind: type, value: Any) -> Any:
    if kind is str and isinstance(value, str):
        return value
    if kind is tuple:  # in the environment: one text, with ; between
        values = [part.strip() for part in value.split(";")] if isinstance(value, str) else value
        if isinstance(values, list | tuple) and all(isinstance(each, str) for each in values):
            return tuple(each for each in values if each)
        raise SettingsError(f"{name} must be a list of texts, not {value!r}")
    try:
        if kind in (int, float) and not isinstance(value, bool):
            return kind(value)
    except (TypeError, ValueError):
        pass
    raise SettingsError(f"{name} must be {'text' if kind is str else 'a number'}, not {value!r}")


def table() -> list[tuple[str, Any, str]]:
    """Each setting's name, default and help, for the README and the command line."""
    return [
        (field.name, field.default, field.metadata["help"])
        for field in dataclasses.fields(Settings)
    ]
