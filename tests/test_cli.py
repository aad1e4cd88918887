"""The commands as a person types them, mistakes included."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import trustme

from tests.harness.commands import can_fetch, environment, running
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret

pytestmark = pytest.mark.slow


def callcard(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "callcard", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**environ),
        timeout=60,
        check=False,
    )


# ---- demo, sandbox, serve


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_demo_prints_its_address_and_stops_on_a_signal(
    tmp_path: Path, signum: signal.Signals
) -> None:
    port = str(free_port())
    service_port = str(free_port())
    sandbox = f"http://127.0.0.1:{port}"
    service = f"http://127.0.0.1:{service_port}"
    arguments = ("demo", "--port", port, "--service-port", service_port)
    work = tmp_path / "work"
    temporary = tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    ready = f"{service}/readyz"
    with running(*arguments, cwd=work, ready=ready, TMPDIR=str(temporary)) as demo:
        assert can_fetch(f"{sandbox}/desktop")
        assert can_fetch(f"{service}/docs")
        assert can_fetch(f"{service}/gadget/callcard/callcard.xml")
        assert can_fetch(f"{sandbox}/crm/contacts/C1000")
        # A desktop that listens to events for ever must not prevent the end.
        with socket.create_connection(("127.0.0.1", int(port))) as listener:
            listener.sendall(
                b"GET /desktop/events HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Basic MTAwMTpjYWxsY2FyZA==\r\n\r\n"
            )
            assert b"200 OK" in listener.recv(4096)
            demo.send_signal(signum)
            output, _ = demo.communicate(timeout=10)
        assert demo.returncode == 0
        assert f"http://localhost:{port}/desktop" in output
        assert "500 samples" in output
        assert "Traceback" not in output
    assert [*work.iterdir(), *temporary.iterdir()] == [], "no file is left"


def test_demo_with_sources_has_one_that_is_slow_and_one_that_is_dead(tmp_path: Path) -> None:
    port, service_port = str(free_port()), str(free_port())
    service = f"http://127.0.0.1:{service_port}"
    arguments = ("demo", "--sources", "--port", port, "--service-port", service_port)
    query = {"number": "+491713900001"}
    with (
        running(*arguments, cwd=tmp_path, ready=f"{service}/readyz"),
        httpx.Client(base_url=f"{service}/api/v1", auth=("1001", "callcard")) as agent,
    ):
        found = agent.get("/contacts", params=query).json()
    assert found["sources"] == {"local": "ok", "erp": "ok", "archive": "failed"}
    assert "archive can't be reached" in found["problems"]["archive"]
    (match,) = found["matches"]
    assert [each["source"] for each in match["contact"]["records"]] == ["local", "erp"]
    urls = {each["url"] for each in match["contact"]["records"]}
    assert len(urls) == 1, "both lead to the sample CRM's page"


def test_port_in_use_is_one_line_of_error(tmp_path: Path) -> None:
    port = str(free_port())
    ready = f"http://127.0.0.1:{port}/desktop"
    with running("sandbox", "--port", port, cwd=tmp_path, ready=ready):
        second = callcard("sandbox", "--port", port, cwd=tmp_path)
    assert second.returncode == 1
    assert second.stderr.startswith(f"callcard: port {port} can't be used")
    assert "--port" in second.stderr


def test_sandbox_negotiates_no_compression_that_a_client_did_not_offer(tmp_path: Path) -> None:
    """Go's clients refuse server_max_window_bits."""
    port = free_port()
    ready = f"http://127.0.0.1:{port}/finesse/api/SystemInfo"
    handshake = (
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Extensions: permessage-deflate; "
        "client_no_context_takeover; server_no_context_takeover\r\n\r\n"
    )
    with (
        running("sandbox", "--port", str(port), cwd=tmp_path, ready=ready),
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        connection.sendall(handshake.encode())
        answer = connection.recv(4096).decode().lower()
    assert answer.startswith("http/1.1 101")
    assert "window_bits" not in answer


def test_sandbox_takes_the_desktops_of_a_whole_site_from_one_machine(tmp_path: Path) -> None:
    port = free_port()
    ready = f"http://127.0.0.1:{port}/finesse/api/SystemInfo"
    with running("sandbox", "--port", str(port), cwd=tmp_path, ready=ready), ExitStack() as stack:
        for _ in range(600):
            address = ("127.0.0.1", port)
            last = stack.enter_context(socket.create_connection(address, timeout=5))
        last.sendall(b"GET /finesse/api/SystemInfo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert last.recv(4096).startswith(b"HTTP/1.1 200")


def test_sandbox_serves_https_with_its_own_certificate(tmp_path: Path) -> None:
    port = str(free_port())
    url = f"https://127.0.0.1:{port}/finesse/api/SystemInfo"
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    arguments = ("sandbox", "--port", port, "--tls", "--ca-out", "ca.pem", "--platform", "uccx")
    with running(*arguments, cwd=tmp_path, ready=url, tls=unverified):
        assert not can_fetch(url), "no other client trusts it"
        trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        assert can_fetch(url, trusting)


def test_gadget_proxy_reaches_services_whose_authority_it_trusts(tmp_path: Path) -> None:
    """Two sandboxes: the second trusts the authority that the first has written."""
    behind, port = free_port(), free_port()
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    system_info = f"https://localhost:{behind}/finesse/api/SystemInfo"
    service = ("sandbox", "--port", str(behind), "--tls", "--ca-out", "ca.pem")
    url = f"http://127.0.0.1:{port}"
    form = {"url": system_info, "httpMethod": "GET", "headers": "", "contentType": "TEXT"}
    body = urllib.parse.urlencode(form).encode()

    def fetch_through_proxy(*options: str) -> int:
        arguments = ("sandbox", "--port", str(port), *options)
        ready = f"{url}/finesse/api/SystemInfo"
        with (
            running(*arguments, cwd=tmp_path, ready=ready),
            urllib.request.urlopen(f"{url}/gadgets/makeRequest", body, 10) as response,
        ):
            text = response.read().decode()
        answer = json.loads(text[text.index("{") :])
        return int(answer[system_info]["rc"])

    with running(*service, cwd=tmp_path, ready=system_info, tls=unverified):
        assert fetch_through_proxy() >= 500
        assert fetch_through_proxy("--trust", "ca.pem") == 200


def test_serve_answers_every_request_over_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    write_secret(tmp_path / "key.pem", issued.private_key_pem.bytes().decode())
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "chain.pem"))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    port = free_port()
    certificate = ("--tls-cert", "chain.pem", "--tls-key", "key.pem")
    write_secret(tmp_path / "own.toml", '[finesse]\nurl = "http://127.0.0.1:9"\n')
    arguments = ("serve", "--config", "own.toml", "--port", str(port), *certificate)
    ready = f"https://127.0.0.1:{port}/healthz"
    with running(*arguments, cwd=tmp_path, ready=ready, tls=trusting):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trusting)
        for path in ("/healthz", "/openapi.json", "/api/v1/me", "/docs", "/healthz"):
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.status in (200, 401), path
            assert len(response.read()) == int(response.headers["content-length"]), path
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("serve", "--config", "none.toml"), 2, "does not exist"),
        (("serve", "--tls-cert", "x.csv"), 2, "--tls-cert and --tls-key go together"),
        (("sandbox", "--ca-out", "ca.pem"), 2, "--ca-out needs --tls"),
        (("sandbox", "--tls", "--ca-out", "no/such/ca.pem"), 1, "can't be written"),
        (("sandbox", "--trust", "x.csv"), 1, "no PEM certificate"),
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
        (("contacts", "import", "x.csv", "--database", "/nowhere/x.sqlite"), 1, "cannot be opened"),
        (("sing",), 2, "No such command"),
    ],
)
def test_mistake_is_one_line_of_error(
    tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    (tmp_path / "x.csv").write_text("nothing,known\n1,2\n")
    if arguments[0] == "sandbox" and "--port" not in arguments:
        arguments += ("--port", str(free_port()))
    done = callcard(*arguments, cwd=tmp_path)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# ---- contacts and numbers


def test_imported_contact_is_found_by_number_explain(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("Who;Rufnummer (dienstl.)\nKäthe;030 23125 100\n;nothing\n")
    columns = ("--map", "name=Who", "--map", "number=Rufnummer (dienstl.)")
    command = ("contacts", "import", "c.csv", *columns, "--report", "left.csv")
    done = callcard(*command, cwd=tmp_path, CALLCARD_TELEPHONY_COUNTRY="de")
    assert done.returncode == 2, "a row was left out"
    assert (
        "1 added, 0 updated, 1 rows left out, 1 values left out; 1 contacts in callcard.sqlite"
        in done.stdout
    )
    assert "line 3, column 2: number 'nothing': it is words" in done.stdout
    assert (tmp_path / "left.csv").read_text().splitlines()[1].startswith("3,2,number,nothing,")
    repeated = callcard(*command, cwd=tmp_path, CALLCARD_TELEPHONY_COUNTRY="de")
    assert "0 added, 1 updated" in repeated.stdout

    lines = explain(tmp_path, "0049 30 23125100", "--country", "DE")
    assert re.fullmatch(r"source     local: ok \(\d+ ms\)", lines.pop(5))
    assert lines == [
        "given      '0049 30 23125100', home country DE",
        "tried      international, 00: +493023125100 → +493023125100 (valid)",
        "read as    public +493023125100",
        "shown as   030 23125100 (DE)",
        "dialled    +493023125100",
        "asked      the whole number: +493023125100",
        "found      local/1 Käthe (whole number, Rufnummer (dienstl.) 030 23125100)",
        "caller     local/1 Käthe: nobody else has the number",
    ]
    by_suffix = explain(tmp_path, "+43 30 23125100")
    assert "asked      the last 8 digits: 23125100" in by_suffix
    assert "found      local/1 Käthe (last digits only, Rufnummer (dienstl.) +49 30 23125100)" in (
        by_suffix
    )
    assert "read as    withheld" in explain(tmp_path, "")
    assert "dialled    not dialable" in explain(tmp_path, "rubbish")


def explain(folder: Path, number: str, *options: str) -> list[str]:
    done = callcard("number", "explain", number, *options, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def rule_options(*rules: str) -> list[str]:
    return [option for rule in rules for option in ("--rule", rule)]


def test_number_explain_shows_which_dial_rule_applies(tmp_path: Path) -> None:
    rules = rule_options("internal -> 8", "national -> 91", "international -> 9011")
    assert explain(tmp_path, "(212) 555-0123", "--dial", *rules)[-6:] == [
        "dialled    912125550123",
        "contacts   there is no file callcard.sqlite; callcard contacts import FILE creates it",
        "rule       internal -> 8 (does not apply)",
        "rule       national -> 91 (applies)",
        "rule       international -> 9011 (would apply, but an earlier one does)",
        "would dial 912125550123, by national -> 91",
    ]


@pytest.mark.parametrize(
    ("number", "rules", "result"),
    [
        ("2125550123", ["+49 -> 0"], "+12125550123, unchanged: no rule applies"),
        ("1001", [], "1001, unchanged: there are no dial rules"),
        ("rubbish", [], "nothing: the number is not dialable"),
    ],
)
def test_number_explain_shows_what_is_dialled(
    tmp_path: Path, number: str, rules: list[str], result: str
) -> None:
    lines = explain(tmp_path, number, "--dial", *rule_options(*rules))
    assert lines[-1] == f"would dial {result}"


def test_dial_rules_of_the_command_replace_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "callcard.toml").write_text('[telephony]\ndial_rules = ["national -> 91"]\n')
    number = "2125550123"
    assert "dialled    912125550123" in explain(tmp_path, number)
    by_file = explain(tmp_path, number, "--dial")
    assert by_file[-1] == "would dial 912125550123, by national -> 91"
    by_option = explain(tmp_path, number, "--dial", "--rule", "national -> 7")
    assert by_option[-1] == "would dial 72125550123, by national -> 7"


def test_malformed_dial_rule_is_one_line_of_error(tmp_path: Path) -> None:
    command = ("number", "explain", "2125550123", "--dial", "--rule", "nationl 9")
    done = callcard(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "callcard: telephony.dial_rules: 'nationl 9' is not a dial rule; write WHAT -> CODE"
    )
    assert done.stderr.count("\n") == 1


def test_number_explain_gives_the_reason_for_an_internal_number(tmp_path: Path) -> None:
    lines = explain(tmp_path, "924424", "--country", "DE")
    assert "read as    internal 924424 (a number this short is internal)" in lines
