"""The commands as a person types them, rubbish included."""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callcard.settings import Settings, SettingsError, table
from tests.conftest import free_port, until


def callcard(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "callcard", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=_environ(**environ),
        timeout=60,
        check=False,
    )


def _environ(**more: str) -> dict[str, str]:
    from tests.conftest import ROOT

    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCARD_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running(*words: str, cwd: Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "callcard", *words]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=_environ(PYTHONUNBUFFERED="1", **environ),
    )
    try:
        yield process
    finally:
        process.terminate()  # it ends its workers, who hold the pipe too
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# ---- demo, sandbox, serve


def test_the_demo_says_where_it_is_and_stops_when_told(tmp_path: Path) -> None:
    port, service = str(free_port()), str(free_port())
    with running("demo", "--port", port, "--service-port", service, cwd=tmp_path) as demo:
        until(lambda: answers(f"http://127.0.0.1:{service}/readyz"), 30)
        assert answers(f"http://127.0.0.1:{port}/desktop")
        assert answers(f"http://127.0.0.1:{service}/docs")
        assert answers(f"http://127.0.0.1:{service}/gadget/callcard/callcard.xml")
        assert answers(f"http://127.0.0.1:{port}/crm/contacts/C1000")
        with socket.create_connection(
            ("127.0.0.1", int(port))
        ) as listener:  # a desktop that listens for ever must not keep it
            listener.sendall(
                b"GET /desktop/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic MTAwMTpjYWxsY2FyZA==\r\n\r\n"
            )
            assert b"200 OK" in listener.recv(4096)
            demo.send_signal(signal.SIGINT)
            said, _ = demo.communicate(timeout=10)
        assert demo.returncode == 0
        assert f"http://localhost:{port}/desktop" in said
        assert "500 samples" in said
        assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_port_that_is_taken_is_said_in_a_line(tmp_path: Path) -> None:
    port = str(free_port())
    with running("sandbox", "--port", port, cwd=tmp_path):
        until(lambda: answers(f"http://127.0.0.1:{port}/desktop"), 20)
        again = callcard("sandbox", "--port", port, cwd=tmp_path)
    assert again.returncode == 1
    assert again.stderr.startswith(f"callcard: port {port} can't be used")
    assert "--port" in again.stderr


def test_the_sandbox_speaks_https_with_its_own_certificate(tmp_path: Path) -> None:
    port = str(free_port())
    with running("sandbox", "--port", port, "--tls", "--platform", "uccx", cwd=tmp_path):
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        until(lambda: answers(f"https://127.0.0.1:{port}/finesse/api/SystemInfo", trusting), 20)
        assert not answers(f"https://127.0.0.1:{port}/finesse/api/SystemInfo"), (
            "nobody else trusts it"
        )


def test_serve_with_a_file_two_workers_and_json_errors(tmp_path: Path) -> None:
    port = str(free_port())
    (tmp_path / "own.toml").write_text('finesse_url = "http://127.0.0.1:9"\ncountry = "DE"\n')
    with running(
        "serve", "--config", "own.toml", "--port", port, "--workers", "2", cwd=tmp_path
    ) as serving:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 20)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/me", timeout=5)
        assert json.load(error.value)["code"] == "credentials-missing"
        error.value.close()
        serving.send_signal(signal.SIGTERM)
        said, _ = serving.communicate(timeout=15)
    assert "GET /api/v1/me 401" in said
    assert "Traceback" not in said


def test_six_workers_show_a_wrong_password_to_finesse_once(tmp_path: Path) -> None:
    finesse, port = free_port(), free_port()

    def wrong(_: int) -> int:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/me",
            headers={"Authorization": "Basic MTAwMTp3cm9uZw=="},
        )
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(asked, timeout=10)
        error.value.close()
        return error.value.code

    serve = ("serve", "--port", str(port), "--workers", "6")
    with (
        running("sandbox", "--port", str(finesse), cwd=tmp_path),
        running(*serve, cwd=tmp_path, CALLCARD_FINESSE_URL=f"http://127.0.0.1:{finesse}"),
    ):
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 30)
        with concurrent.futures.ThreadPoolExecutor(15) as many:
            assert set(many.map(wrong, range(60))) == {401}
        with urllib.request.urlopen(
            f"http://127.0.0.1:{finesse}/sandbox/requests", timeout=5
        ) as answer:
            asked = [r for r in json.load(answer) if r["path"].startswith("/finesse/api/User")]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("serve", "--config", "none.toml"), 2, "does not exist"),
        (("serve", "--tls-cert", "x.csv"), 2, "--tls-cert and --tls-key go together"),
        (("serve", "--config", "x.csv"), 1, "callcard: x.csv:"),
        (("sandbox", "--layout", "x.csv"), 1, "callcard: the layout is not well-formed XML"),
        (("sandbox", "--port", "0"), 2, "0 is not in the range"),
        (("contacts", "import", "x.csv", "--map", "name"), 2, "must be FIELD=COLUMN"),
        (
            ("contacts", "import", "x.csv"),
            1,
            "no column for name or number among 'nothing', 'known'",
        ),
        (("contacts", "import", "x.csv", "--country", "Germany"), 1, "country must be two letters"),
        (("contacts", "import", "."), 2, "is a directory"),
        (("contacts", "import", "x.csv", "--database", "/nowhere/x.sqlite"), 1, "can't be opened"),
        (("sing",), 2, "No such command"),
    ],
)
def test_mistakes_are_told_in_a_line(
    tmp_path: Path, words: tuple[str, ...], status: int, why: str
) -> None:
    (tmp_path / "x.csv").write_text("nothing,known\n1,2\n")
    done = callcard(*words, cwd=tmp_path)
    assert done.returncode == status
    assert why in done.stderr
    assert "Traceback" not in done.stderr


# ---- contacts and numbers


def test_import_explain_and_import_again(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("Who;Rufnummer (dienstl.)\nKäthe;030 23125 100\n;nothing\n")
    words = (
        "contacts",
        "import",
        "c.csv",
        "--map",
        "name=Who",
        "--map",
        "number=Rufnummer (dienstl.)",
        "--report",
        "left.csv",
    )
    done = callcard(*words, cwd=tmp_path, CALLCARD_COUNTRY="de")
    assert done.returncode == 3, "something was left out"
    assert (
        "1 added, 0 updated, 1 rows left out, 1 values left out; 1 contacts in callcard.sqlite"
        in done.stdout
    )
    assert "line 3: number 'nothing': not a telephone number of DE" in done.stdout
    assert (tmp_path / "left.csv").read_text().splitlines()[1].startswith("3,number,nothing,")
    assert "0 added, 1 updated" in callcard(*words, cwd=tmp_path, CALLCARD_COUNTRY="de").stdout

    found = callcard("number", "explain", "0049 30 23125100", "--country", "DE", cwd=tmp_path)
    assert found.stdout.splitlines() == [
        "given      '0049 30 23125100', at home in DE",
        "tried      international, 00: +493023125100 → +493023125100 (valid)",
        "read as    public +493023125100",
        "shown as   030 23125100 (DE)",
        "dialled    +493023125100",
        "found      local/1 Käthe (whole number)",
    ]
    found = callcard("number", "explain", "+43 30 23125100", cwd=tmp_path)
    assert "found      local/1 Käthe (last 8 digits only)" in found.stdout
    assert "read as    withheld" in callcard("number", "explain", "", cwd=tmp_path).stdout
    assert (
        "dialled    not dialable" in callcard("number", "explain", "rubbish", cwd=tmp_path).stdout
    )


def test_explain_dial_is_a_dry_run_of_the_rules(tmp_path: Path) -> None:
    def dry(*words: str, **environ: str) -> list[str]:
        done = callcard("number", "explain", *words, "--dial", cwd=tmp_path, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    rules = (
        "--rule",
        "internal -> 8",
        "--rule",
        "national -> 91",
        "--rule",
        "international -> 9011",
    )
    assert dry("(212) 555-0123", *rules)[-6:] == [
        "dialled    912125550123",
        "contacts   there is no file callcard.sqlite yet; callcard contacts import FILE makes it",
        "rule       internal -> 8 (does not fit)",
        "rule       national -> 91 (fits, and is used)",
        "rule       international -> 9011 (would fit, but comes later)",
        "would dial 912125550123, by national -> 91",
    ]
    assert (
        dry("2125550123", "--rule", "+49 -> 0")[-1]
        == "would dial +12125550123, as it is: no rule fits"
    )
    assert dry("1001")[-1] == "would dial 1001, as it is: there are no dial rules"
    assert dry("rubbish")[-1] == "would dial nothing: it is not dialable"
    (tmp_path / "callcard.toml").write_text('dial_rules = ["national -> 91"]\n')
    assert dry("2125550123")[-1] == "would dial 912125550123, by national -> 91"
    assert (
        dry("2125550123", "--rule", "national -> 7")[-1]
        == "would dial 72125550123, by national -> 7"
    )
    assert (
        "dialled    912125550123"
        in callcard("number", "explain", "2125550123", cwd=tmp_path).stdout
    )
    done = callcard(
        "number", "explain", "2125550123", "--dial", "--rule", "nationl 9", cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "callcard: dial_rules: 'nationl 9' is no dial rule; write WHAT -> CODE"
    )
    assert done.stderr.count("\n") == 1


def test_explain_says_why_a_short_number_is_internal(tmp_path: Path) -> None:
    done = callcard("number", "explain", "924424", "--country", "DE", cwd=tmp_path)
    assert "read as    internal 924424 (so short a number is the site's own)" in done.stdout


# ---- settings


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "callcard.toml"
    file.write_text('country = "DE"\nsuffix_digits = 9\n')
    read = Settings.read(file, {"CALLCARD_COUNTRY": "fr", "OTHER": "x"})
    assert (read.country, read.suffix_digits) == ("FR", 9)
    assert Settings.read(None, {"CALLCARD_CONFIG": str(file)}).country == "DE"


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"CALLCARD_CONTRY": "DE"}, "did you mean 'country'"),
        ({"CALLCARD_COUNTRY": "Germany"}, "two letters"),
        ({"CALLCARD_FINESSE_DEADLINE": "soon"}, "finesse_deadline must be a number"),
        ({"CALLCARD_FINESSE_DEADLINE": "0"}, "finesse_deadline must be more than 0"),
        ({"CALLCARD_FINESSE_URL": "finesse.example"}, "finesse_url must start with"),
        ({"CALLCARD_SUFFIX_DIGITS": "3"}, "suffix_digits"),
    ],
)
def test_settings_that_cannot_be_used(environ: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Settings.read(None, environ)


def test_every_setting_has_a_help() -> None:
    assert all(help for _name, _default, help in table())
