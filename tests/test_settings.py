"""Settings: file, environment, overrides, secrets, and messages that name the fix."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from callcard.crm.open_sources import check_sources
from callcard.errors import OperatorError, SettingsError
from callcard.settings import Settings, describe
from tests.harness.secret_files import write_secret


def read(folder: Path, text: str, **environ: str) -> Settings:
    file = folder / "callcard.toml"
    file.write_text(text)
    return Settings.read(file, environ)


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = '[telephony]\ncountry = "DE"\n[journal]\nnotes_seconds = 9\n'
    settings = read(tmp_path, text, CALLCARD_TELEPHONY_COUNTRY="fr", OTHER="x")
    assert settings.telephony.country == "FR"
    assert settings.journal.notes_seconds == 9


def test_overrides_win_over_the_environment() -> None:
    environ = {"CALLCARD_TELEPHONY_COUNTRY": "FR", "CALLCARD_FINESSE_DEADLINE_SECONDS": "2.5"}
    overrides: dict[str, Any] = {
        "telephony.country": "IT",
        "finesse.deadline_seconds": None,
        "sources.path": "here.sqlite",
    }
    settings = Settings.read(None, environ, overrides)
    assert settings.telephony.country == "IT"
    assert settings.finesse.deadline_seconds == 2.5
    assert settings.contacts_path == "here.sqlite"
    assert settings.journal_database == "here-calls.sqlite"


def test_config_variable_names_the_file(tmp_path: Path) -> None:
    read(tmp_path, '[telephony]\ncountry = "DE"\n')
    environ = {"CALLCARD_CONFIG": str(tmp_path / "callcard.toml")}
    assert Settings.read(None, environ).telephony.country == "DE"


def test_lists_in_the_environment_are_separated_by_semicolons() -> None:
    environ = {"CALLCARD_TELEPHONY_DIAL_RULES": "national -> 91; international -> 9011"}
    rules = Settings.read(None, environ).telephony.dial_rules
    assert rules == ("national -> 91", "international -> 9011")


def test_override_goes_to_the_local_source_beside_others(tmp_path: Path) -> None:
    text = '[[sources]]\nkind = "webhook"\n[[sources]]\nkind = "local"\nsuffix_digits = 7\n'
    file = tmp_path / "callcard.toml"
    file.write_text(text)
    settings = Settings.read(file, {}, {"sources.path": "x.sqlite"})
    assert settings.local_source == {"kind": "local", "path": "x.sqlite", "suffix_digits": 7}


def test_secret_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    write_secret(tmp_path / "token", "s3cret\n")
    settings = read(tmp_path, '[delivery]\ntoken_file = "token"\n')
    assert settings.delivery.token == "s3cret"
    assert "s3cret" not in repr(settings)
    settings = read(tmp_path, "", CALLCARD_DELIVERY_TOKEN="other")
    assert settings.delivery.token == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[telephony", "callcard.toml: "),
        ("[finess]\n", "there is no setting finess; did you mean finesse?"),
        ('[finesse]\nurls = "x"\n', "there is no setting finesse.urls; did you mean finesse.url?"),
        ('country = "DE"\n', "there is no setting country; did you mean telephony.country?"),
        ("finesse = 3\n", "finesse must be a section: [finesse]"),
        ('[telephony]\ndial_rules = "x"\n', "telephony.dial_rules must be a list of texts"),
        ('[delivery]\ntokn_file = "x"\n', "did you mean delivery.token_file?"),
        ('[finesse]\nurl = "finesse.example"\n', "finesse.url must start with http:// or https://"),
        ("[finesse]\ndeadline_seconds = 0\n", "finesse.deadline_seconds: expected `float` > 0"),
        ("[finesse]\ndeadline_seconds = inf\n", "finesse.deadline_seconds: expected `float` <="),
        ('[finesse]\nnotifications = "sms"\n', "finesse.notifications must be websocket or tcp"),
        ("[finesse]\nnotifications_port = 70000\n", "finesse.notifications_port: expected `int`"),
        ('[telephony]\ncountry = "Germany"\n', "telephony.country must be two letters"),
        ('[telephony]\ndial_rules = ["x"]\n', "telephony.dial_rules: 'x' is not a dial rule"),
        ('[journal]\nowner = "both"\n', "journal.owner must be first or last, not 'both'"),
        ('[delivery]\ntoken = "x"\n', "delivery.token is a secret"),
        ('[delivery]\ntoken_file = "none"\n', "delivery.token_file: "),
        ("sources = []\n", "sources: "),
        ('[[sources]]\nkind = "lokal"\n', "did you mean local?"),
        ('[[sources]]\nkind = "webhook"\nurl = "https://x"\n', "webhook has no contacts"),
        ('[[sources]]\nkind = "local"\nfile = "x"\n', "local has no option 'file'"),
        ('[[sources]]\nkind = "local"\nsuffix_digits = 3\n', "suffix_digits"),
    ],
)
def test_unusable_setting_is_named_with_the_fix(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        check_sources(read(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CALLCARD_TELEPHONY_CONTRY", "DE", "did you mean CALLCARD_TELEPHONY_COUNTRY?"),
        ("CALLCARD_FINESSE_DEADLINE_SECONDS", "soon", "finesse.deadline_seconds"),
    ],
)
def test_unusable_environment_variable_is_named(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read(None, {variable: value})
    assert message in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
@pytest.mark.parametrize(
    ("mode", "is_refused"), [(0o600, False), (0o440, False), (0o644, True), (0o604, True)]
)
@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('[delivery]\ntoken_file = "token"\n', "delivery.token_file"),
        ('[[sources]]\nkind = "hubspot"\nportal = "4"\ntoken_file = "token"\n', "sources[0]"),
    ],
)
def test_secret_that_every_user_can_read_is_refused(
    tmp_path: Path, mode: int, is_refused: bool, text: str, setting: str
) -> None:
    write_secret(tmp_path / "token", "s3cret")
    (tmp_path / "token").chmod(mode)
    if not is_refused:
        assert read(tmp_path, text)
        return
    with pytest.raises(SettingsError, match=r"every user .* can read .*; run chmod o= ") as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(setting)
    assert "s3cret" not in str(caught.value)


def test_every_setting_is_described() -> None:
    infos = describe()
    assert len({info.variable for info in infos}) == len(infos) > 20
    assert [info.name for info in infos if info.secret] == [
        "finesse.roster_password",
        "delivery.token",
    ]
