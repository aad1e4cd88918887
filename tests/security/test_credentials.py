"""Guessing, locking out and impersonating agents; requests that other sites make browsers send."""

from __future__ import annotations

import base64
import concurrent.futures
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from callcard.api.lockout import MAX_FAILURES, MAX_ROWS, Lockout, LockoutMemory
from tests.security.attacked import (
    ADMINISTRATOR,
    ATTACKER,
    COLLEAGUE,
    PASSWORD,
    VICTIM,
    AttackedService,
    attacked_service,
)

CUSTOMER = "+12125550123"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedService]:
    folder = tmp_path_factory.mktemp("service")
    with attacked_service(folder, api={"credential_cache_seconds": 0.2}) as attacked:
        yield attacked
        assert "Traceback" not in attacked.log


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def me(service: AttackedService, authorization: str) -> httpx.Response:
    return httpx.get(
        f"{service.url}/api/v1/me", headers={"Authorization": authorization}, timeout=10
    )


# ---- guessing


def test_guessed_passwords_of_one_user_do_not_lock_the_agent_out(service: AttackedService) -> None:
    service.send(ATTACKER, "GET", "me").raise_for_status()
    before = len(service.user_requests())
    for number in range(30):
        assert me(service, f"Basic {basic(ATTACKER, f'guess {number}')}").status_code == 401
    attempts = len(service.user_requests()) - before
    assert attempts == MAX_FAILURES["Basic"], "fewer than Finesse's five"
    time.sleep(0.3)  # the cached verification ends
    assert service.send(ATTACKER, "GET", "me").status_code == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_simultaneous_guesses_do_not_lock_the_agent_out(tmp_path: Path, workers: int) -> None:
    with attacked_service(tmp_path, workers=workers) as service:
        before = len(service.user_requests())
        guesses = [f"Basic {basic(VICTIM, f'guess {number}')}" for number in range(30)]
        with concurrent.futures.ThreadPoolExecutor(15) as pool:
            statuses = set(pool.map(lambda guess: me(service, guess).status_code, guesses))
        assert statuses <= {401, 504}
        assert len(service.user_requests()) - before == MAX_FAILURES["Basic"]
        desktop = httpx.Client(base_url=service.control.base_url, auth=(VICTIM, PASSWORD))
        with desktop:
            assert desktop.get(f"/finesse/api/User/{VICTIM}").status_code == 200


def test_spellings_of_one_password_are_one_attempt(service: AttackedService) -> None:
    value = basic(COLLEAGUE, "wrong1")
    assert value.endswith("=")
    before = len(service.user_requests())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = value.rstrip("=")[-1]
    same_bytes = [
        value.rstrip("=")[:-1] + alphabet[alphabet.index(last) + bits] + "=" * value.count("=")
        for bits in range(1, 4)
    ]
    for spelling in (*same_bytes, value.rstrip("="), value + "=", f"{value[:4]} {value[4:]}"):
        assert me(service, f"Basic {spelling}").status_code == 400, spelling
    for spelling in (value, f"  {value}", value):
        assert me(service, f"Basic {spelling}").status_code == 401
    assert len(service.user_requests()) - before == 1


def test_many_users_and_credentials_leave_the_memory_small(tmp_path: Path) -> None:
    lockout = Lockout(LockoutMemory(str(tmp_path / "lockout.sqlite")), 300.0)
    start = time.monotonic()
    for number in range(3000):
        fingerprint = f"{number}".encode()
        assert lockout.begin_verifying(fingerprint, 8.0)
        lockout.reject(fingerprint, fingerprint)
        lockout.end_verifying(fingerprint)
    first = time.monotonic() - start
    with lockout._database.transaction_blocking() as execute:
        for table, columns in (("rejection", "?, ?, 0"), ("failure", "null, ?, ?, 0")):
            for number in range(2 * MAX_ROWS):
                row = (f"x{number}".encode(), time.time() + 250)
                execute(f"insert into {table} values ({columns})", row)
    start = time.monotonic()
    for number in range(3000, 6000):
        fingerprint = f"{number}".encode()
        assert lockout.begin_verifying(fingerprint, 8.0)
        lockout.reject(fingerprint, fingerprint)
        lockout.end_verifying(fingerprint)
    assert time.monotonic() - start < 10 * first + 1, "no query reads a whole table"
    for table in ("rejection", "failure", "verified"):
        ((count,),) = lockout._database.read(f"select count(*) from {table}")
        assert count <= MAX_ROWS + 300
    lockout.close()


def test_clock_that_was_ahead_locks_nobody_out() -> None:
    now = 1000.0
    lockout = Lockout(LockoutMemory(), 300.0, clock=lambda: now)
    now = 90_000.0
    lockout.reject(b"credential", b"user")
    assert lockout.is_rejected(b"credential")
    now = 1000.0
    assert not lockout.is_rejected(b"credential")
    assert lockout.begin_verifying(b"credential", 8.0)
    lockout.close()


# ---- a 401 that is not about the password


@pytest.mark.parametrize("path", ["/finesse/api/Dialog/", "/finesse/api/User/1001/Dialogs"])
def test_one_401_of_a_command_shuts_nobody_out(service: AttackedService, path: str) -> None:
    call = service.ring(CUSTOMER)
    service.send(VICTIM, "GET", "calls").raise_for_status()
    service.arm_fault("unauthorized", path=path)
    if "Dialogs" in path:
        response = service.send(VICTIM, "GET", "calls")
    else:
        response = service.send(VICTIM, "POST", f"calls/{call}/answer")
    assert response.status_code == 403
    assert response.json()["code"] == "not-permitted"
    assert service.send(VICTIM, "GET", "calls").status_code == 200


def test_wrap_up_after_a_transfer_and_data_of_a_colleagues_call(service: AttackedService) -> None:
    call = service.ring(CUSTOMER)
    service.act(call, VICTIM, "ANSWER")
    service.act(call, VICTIM, "TRANSFER_SST", ATTACKER)
    for action, body in (
        ("wrap-up", {"wrap_up_reasons": ["Sale"]}),
        ("data", {"variables": {"callVariable1": "x"}}),
    ):
        response = service.send(VICTIM, "POST", f"calls/{call}/{action}", body)
        assert response.status_code in (403, 404, 409)
        assert service.send(VICTIM, "GET", "me").status_code == 200


def test_transient_401_of_a_known_credential_is_tried_again_after_a_minute() -> None:
    now = 1000.0
    lockout = Lockout(LockoutMemory(), 300.0, clock=lambda: now)
    lockout.accept(b"known")
    for credential in (b"known", b"new"):
        lockout.reject(credential, b"user")
    now += 61
    assert not lockout.is_rejected(b"known")
    assert lockout.is_rejected(b"new")
    for _ in range(3):
        lockout.reject(b"known", b"user")
    now += 61
    assert lockout.is_rejected(b"known"), "before Finesse locks the agent out"
    lockout.close()


# ---- requests of other sites


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "Application/JSON; charset=utf-8", "Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_requests_of_other_sites_change_nothing(
    service: AttackedService, headers: dict[str, str], status: int
) -> None:
    for method, path in (("POST", "interactions"), ("POST", "callbacks")):
        body = b'{"id": "77"}' if path == "interactions" else b'{"number": "+12125550123"}'
        with service.client(VICTIM) as client:
            expected = status + (status == 200 and path == "callbacks")
            defaults = {"Content-Type": "application/json"}
            response = client.request(method, path, content=body, headers=defaults | headers)
            assert response.status_code == expected, response.text


def test_own_page_may_send(service: AttackedService) -> None:
    headers = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
    with service.client(VICTIM) as client:
        response = client.post("interactions", json={"id": "77"}, headers=headers)
    assert response.status_code == 200


def test_browser_is_not_asked_for_a_password(service: AttackedService) -> None:
    for user, password in (("", ""), (VICTIM, "wrong")):
        headers = {"Authorization": f"Basic {basic(user, password)}"} if user else {}
        response = httpx.get(f"{service.url}/api/v1/me", headers=headers)
        assert response.status_code == 401
        assert "basic" not in response.headers["www-authenticate"].lower()


@pytest.mark.parametrize("id", ["%2e", "%2e%2e", "a;b", "a%2fb", "..;", "%2e%2e%2fUsers", "1%00"])
@pytest.mark.parametrize("action", ["answer", "data"])
def test_ids_that_leave_the_resource_never_reach_finesse(
    service: AttackedService, id: str, action: str
) -> None:
    service.send(VICTIM, "GET", "me")
    before = len(service.control.get("/sandbox/requests").json())
    with service.connect() as connection:
        body = b'{"variables": {"callVariable1": "x"}}' if action == "data" else b""
        connection.sendall(
            f"POST /api/v1/calls/{id}/{action} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Basic {basic(VICTIM, PASSWORD)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status = connection.recv(4096).split()[1]
    assert status in (b"404", b"422", b"400"), status
    after = service.control.get("/sandbox/requests").json()[before:]
    assert all(each["path"] == f"/finesse/api/User/{VICTIM}" for each in after)
    for user in ("..", ".", "a;b", "a/b", " 1001", "1001 "):
        assert me(service, f"Basic {basic(user, 'x')}").status_code == 400


@pytest.mark.parametrize("is_primary_up", [True, False])
def test_administrators_token_does_not_write_as_somebody_else(
    tmp_path: Path, is_primary_up: bool
) -> None:
    with attacked_service(tmp_path) as service:
        if not is_primary_up:  # only the primary node has the layout
            service.arm_fault("unavailable", path="/finesse/api/LayoutConfig/default", times=50)
        tokens = {user: service.token(user) for user in (VICTIM, ADMINISTRATOR)}

        def request(token: str, user: str, method: str, path: str) -> int:
            headers = {"Authorization": f"Bearer {tokens[token]}", "X-Finesse-User": user}
            body = {"number": CUSTOMER} if method == "POST" else None
            address = f"{service.url}/api/v1/{path}"
            return httpx.request(method, address, headers=headers, json=body).status_code

        assert request(VICTIM, VICTIM, "POST", "callbacks") == 201
        assert request(ADMINISTRATOR, VICTIM, "GET", "callbacks") == 200
        assert request(ADMINISTRATOR, VICTIM, "POST", "callbacks") == 403
        # Not as themselves either: the token could be another administrator's.
        assert request(ADMINISTRATOR, ADMINISTRATOR, "POST", "callbacks") == 403
        address = f"{service.url}/api/v1/callbacks"
        with_password = httpx.post(
            address, auth=(ADMINISTRATOR, PASSWORD), json={"number": CUSTOMER}
        )
        assert with_password.status_code == 201
        assert request(VICTIM, ATTACKER, "GET", "callbacks") in (401, 403)
