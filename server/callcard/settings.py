"""Settings: sections of `callcard.toml` as typed structs, with the environment on top.

`[finesse] url = "…"` in the file is `CALLCARD_FINESSE_URL` in the environment, which wins. Secrets
are read from the environment or from a file that `<name>_file` gives, never from `callcard.toml`
itself.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from callcard.errors import SettingsError
from callcard.secret_files import read_secret
from callcard.settings_sections import (
    ApiSettings,
    ContactsSettings,
    DeliverySettings,
    FinesseSettings,
    GadgetSettings,
    JournalSettings,
    ListsSettings,
    QueueTarget,
    RoutingSettings,
    SupervisionSettings,
    TelephonySettings,
    TokenIssuer,
)
from callcard.telephony import dial_plan, numbers
from callcard.telephony.internal_numbers import check_internal
from callcard.text import suggest

LISTS = ("sources", "queues", "token_issuers")
"""The settings that are lists of tables, as in [[sources]]."""
SOURCE_SECRETS = ("password", "token", "client_secret", "refresh_token")
"""The options of sources that come from a file or from the environment only."""
LOCAL_SOURCE = {"kind": "local", "path": "callcard.sqlite"}
"""The contact source of a service without `[[sources]]`."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    finesse: FinesseSettings = FinesseSettings()
    api: ApiSettings = ApiSettings()
    gadget: GadgetSettings = GadgetSettings()
    telephony: TelephonySettings = TelephonySettings()
    contacts: ContactsSettings = ContactsSettings()
    sources: Annotated[
        tuple[dict[str, Any], ...],
        Meta(
            min_length=1,
            description="contact sources: `kind` and the options of that kind, see crm/README.md",
        ),
    ] = (LOCAL_SOURCE,)
    queues: Annotated[
        tuple[QueueTarget, ...],
        Meta(max_length=200, description="queues to which agents transfer calls"),
    ] = ()
    token_issuers: Annotated[
        tuple[TokenIssuer, ...],
        Meta(max_length=20, description="identity providers whose tokens let programs in"),
    ] = ()
    journal: JournalSettings = JournalSettings()
    delivery: DeliverySettings = DeliverySettings()
    lists: ListsSettings = ListsSettings()
    routing: RoutingSettings = RoutingSettings()
    supervision: SupervisionSettings = SupervisionSettings()

    @property
    def local_source(self) -> dict[str, Any]:
        """Return the options of the first local source, which `callcard contacts import` fills."""
        for source in self.sources:
            if source.get("kind") == "local":
                return {**LOCAL_SOURCE, **source}
        return LOCAL_SOURCE

    @property
    def contacts_path(self) -> str:
        return str(self.local_source["path"])

    def with_contacts_path(self, path: Path) -> Settings:
        """Return the settings with another file of local contacts."""
        sources = list(self.sources)
        kinds = [source.get("kind") for source in sources]
        changed = {**self.local_source, "path": str(path)}
        if "local" in kinds:
            sources[kinds.index("local")] = changed
        else:
            sources.append(changed)
        return msgspec.structs.replace(self, sources=tuple(sources))

    @property
    def journal_database(self) -> str:
        """Return the journal's file: the configured one, or one beside the local contacts."""
        return self.journal.database or f"{Path(self.contacts_path).with_suffix('')}-calls.sqlite"

    @classmethod
    def read(
        cls,
        file: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        overrides: Mapping[str, Any] | None = None,
    ) -> Self:
        """Read `file`, then the environment, then `overrides`; later ones win.

        `file` defaults to the one that CALLCARD_CONFIG names, or `callcard.toml` here. The keys of
        `overrides` are dotted (`telephony.country`, `sources.path`); None leaves a setting as it
        is. Raises SettingsError for an unreadable file, an unknown name or an unusable value.
        """
        file = file or find_settings_file(environ)
        values: dict[str, Any] = {}
        if file is not None:
            try:
                values = tomllib.loads(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise SettingsError(f"{file}: {error}") from error
            _read_secrets(values, file)
            sources = values.get("sources", [])
            for number, table in enumerate(sources if isinstance(sources, list) else []):
                _read_source_secrets(table, file, environ, f"sources[{number}]")
        for name, value in _from_environment(environ):
            values.setdefault(name.section, {})[name.key] = value
        for dotted, value in (overrides or {}).items():
            if value is not None:
                _override(values, dotted, value)
        return cls.decode(values)

    @classmethod
    def decode(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from nested mappings shaped like the file. Raises SettingsError."""
        try:
            settings = msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(_explain(str(error), values)) from error
        if not numbers.is_country(country := settings.telephony.country):
            raise SettingsError(f"telephony.country {country!r} is no country; US and DE are two")
        try:
            dial_plan.read_rules(settings.telephony.dial_rules)
        except ValueError as error:
            raise SettingsError(f"telephony.dial_rules: {error}") from error
        try:
            check_internal(settings.telephony.internal_numbers)
        except ValueError as error:
            raise SettingsError(f"telephony.internal_numbers: {error}") from error
        for network in settings.routing.addresses:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise SettingsError(
                    f"routing.addresses: {network!r} is no address; 10.1.2.3 and 10.1.0.0/16 are"
                ) from error
        return settings


def find_settings_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file that CALLCARD_CONFIG names, or `callcard.toml` here; None without one."""
    if environ.get("CALLCARD_CONFIG"):
        return Path(environ["CALLCARD_CONFIG"])
    return Path("callcard.toml") if Path("callcard.toml").is_file() else None


# ---- the list of settings, for documentation, environment and error messages


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting: its section and key, default, description and whether it is a secret."""

    section: str
    key: str
    default: Any
    description: str
    secret: bool
    form: str
    """What is accepted, for settings whose pattern says it badly."""

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable; lists are separated by semicolons."""
        return f"CALLCARD_{self.section}_{self.key}".upper()


def describe() -> list[SettingInfo]:
    """Return every setting in the order of the sections."""
    found = []
    for section, kind in _sections().items():
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            metas = [meta for meta in get_args(hints[field.name])[1:] if isinstance(meta, Meta)]
            extra = {key: value for meta in metas for key, value in (meta.extra or {}).items()}
            choices = get_args(get_args(hints[field.name])[0])
            if choices and isinstance(field.default, str):
                extra["form"] = f"must be {' or '.join(choices)}"
            found.append(
                SettingInfo(
                    section=section,
                    key=field.name,
                    default=field.default,
                    description=next(m.description for m in metas if m.description),
                    secret=bool(extra.get("secret")),
                    form=str(extra.get("form", "")),
                )
            )
    return found


def _sections() -> dict[str, type[Struct]]:
    hints = get_type_hints(Settings)
    return {name: hints[name] for name in Settings.__struct_fields__ if name not in LISTS}


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[SettingInfo, Any]]:
    known = {info.variable: info for info in describe()}
    for variable, value in environ.items():
        if not variable.startswith("CALLCARD_") or variable == "CALLCARD_CONFIG":
            continue
        info = known.get(variable)
        if info is None:
            raise SettingsError(f"there is no setting {variable}{suggest(variable, known)}")
        if isinstance(info.default, tuple):
            yield info, [part.strip() for part in value.split(";") if part.strip()]
        else:
            yield info, value


def _read_secrets(values: dict[str, Any], file: Path) -> None:
    """Replace `<secret>_file` by the content of the file that it names, relative to `file`."""
    for info in describe():
        section = values.get(info.section)
        if not info.secret or not isinstance(section, dict):
            continue
        if info.key in section:
            raise SettingsError(
                f"{info.name} is a secret: put it into a file and give its path as "
                f"{info.key}_file, or set {info.variable}"
            )
        path = section.pop(f"{info.key}_file", None)
        if path is not None:
            section[info.key] = read_secret(file.parent / str(path), f"{info.name}_file")


def _read_source_secrets(table: Any, file: Path, environ: Mapping[str, str], place: str) -> None:
    """Replace `<secret>_file` and `<secret>_env` in a table of a source, and in those below it."""
    if not isinstance(table, dict):
        return
    for key, value in list(table.items()):
        if isinstance(value, dict):
            _read_source_secrets(value, file, environ, f"{place}.{key}")
        if key in SOURCE_SECRETS:
            raise SettingsError(
                f"{place}.{key} is a secret: put it into a file and give its path as {key}_file, "
                f"or the name of an environment variable as {key}_env"
            )
        secret, _, way = key.rpartition("_")
        if secret not in SOURCE_SECRETS or way not in ("file", "env"):
            continue
        del table[key]
        if way == "env":
            if str(value) not in environ:
                raise SettingsError(f"{place}.{key}: the environment has no variable {value}")
            table[secret] = environ[str(value)]
            continue
        table[secret] = read_secret(file.parent / str(value), f"{place}.{key}")


def _override(values: dict[str, Any], dotted: str, value: Any) -> None:
    section, _, key = dotted.partition(".")
    if section == "sources":  # the first local one
        sources = values.setdefault("sources", [dict(LOCAL_SOURCE)])
        local = next((source for source in sources if source.get("kind") == "local"), None)
        if local is None:
            local = dict(LOCAL_SOURCE)
            sources.append(local)
        local[key] = value
    else:
        values.setdefault(section, {})[key] = value


def _explain(message: str, values: Mapping[str, Any]) -> str:
    """Turn msgspec's message into one that names the setting and says what is accepted."""
    what, _, where = message.partition(" - at `$")
    place = re.sub(r"\[(\d+|\.\.\.)\]", "", where.strip("`.")).strip(".")
    infos = {info.name: info for info in describe()}
    if unknown := re.search(r"unknown field `([^`]+)`", what):
        name = f"{place}.{unknown[1]}" if place else unknown[1]
        # A key without its section is the likeliest mistake.
        same_key = next((info.name for info in infos.values() if info.key == name), name)
        files = [f"{info.name}_file" for info in infos.values() if info.secret]
        known = [*(info.name for info in infos.values() if not info.secret), *files]
        return f"there is no setting {name}{suggest(same_key, [*known, *_sections(), *LISTS])}"
    info = infos.get(place)
    if info and info.form and ("regex" in what or "enum" in what):
        given = values.get(info.section, {}).get(info.key)
        return f"{place} {info.form}, not {given!r}"
    if what.startswith("Expected `array`, got"):
        return f"{place} must be a list of texts"
    if what.startswith("Expected `object`, got") and "." not in place:
        return f"{place} must be a section: [{place}]"
    return f"{place}: {what[:1].lower()}{what[1:]}" if place else what
