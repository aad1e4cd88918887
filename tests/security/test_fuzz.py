"""10,000 requests, made from the API's description by a seeded random generator."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import random
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.security.attacked import ADMINISTRATOR, AGENTS, PASSWORD, SUPERVISOR, AttackedService

REQUESTS = 10_000
CONNECTIONS = 32
SEED = 20261126
MAX_GROWTH_BYTES = 200 * 1024 * 1024
FRAGMENTS = [
    "", "0", "-1", "1e400", "null", "true", "[]", "{}", '"', "\\", "'", "..", "../..", "%2e%2e",
    "%00", "%ff", "%u0041", "a;b", "a/b", "?", "#", "&", "=", "\x00", "\x1b[2J", "\r\nX: y",
    "\u202e",
    "٣٤٥", "😀", "\ud800", "A" * 70, "A" * 3000, "9" * 400, "+12125550123", "*6712125550123",
    "2026-01-01T10:00:00.000Z", "2026-13-45T99:99:99Z", "-0001-01-01T00:00:00Z", "16777217",
    "${7*7}", "' or 1=1 --", "<script>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "local/1", "READY",
]  # fmt: skip


class RequestMaker:
    """Makes requests that are nearly right: most fuzzing ends at the first check otherwise."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self._random = random.Random(seed)
        self._schemas = document["components"]["schemas"]
        self._operations = [
            (path, method, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]

    def make(self) -> bytes:
        """Return the bytes of one request."""
        choose = self._random
        path, method, operation = choose.choice(self._operations)
        body = b""
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + self._path_part() + rest.partition("}")[2]
        if operation.get("parameters") and choose.random() < 0.8:
            names = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
            path += "?" + "&".join(f"{name}={self._path_part()}" for name in names)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            value = self._value(content["schema"], 0)
            body = json.dumps(value, allow_nan=True).encode("utf-8", "surrogatepass")
            if choose.random() < 0.1:
                body = self._damage(body)
        headers = self._headers(len(body))
        head = f"{method.upper()} {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers
        )
        data = head.encode("utf-8", "replace") + b"\r\n" + body
        return self._damage(data) if choose.random() < 0.03 else data

    def _path_part(self) -> str:
        part = self._random.choice(FRAGMENTS)
        if self._random.random() < 0.9:
            data = part.encode("utf-8", "surrogatepass")
            part = "".join(f"%{byte:02x}" for byte in data) or "x"
        return part.replace(" ", "%20").replace("\r\n", "%0d%0a")

    def _headers(self, length: int) -> list[tuple[str, str]]:
        choose = self._random
        user = choose.choice((*AGENTS, SUPERVISOR, ADMINISTRATOR))
        credential = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        authorization = f"Basic {credential}"
        if choose.random() < 0.02:
            authorization = choose.choice(("Basic", "Bearer", "Digest x", "Basic !", "Basic OjE="))
        headers = [
            ("Host", "service"),
            ("Authorization", authorization),
            ("Content-Length", str(length)),
            ("Content-Type", choose.choice(("application/json",) * 9 + ("text/plain",))),
        ]
        if choose.random() < 0.05:
            name = choose.choice(("X-Finesse-User", "X-Finesse-Node", "Origin", "Range", "Expect"))
            value = choose.choice(FRAGMENTS).replace("\r\n", " ").replace("\x00", "")
            headers.append((name, value))
        return headers

    def _value(self, schema: dict[str, Any], depth: int) -> Any:
        """Return a value that often fits the schema."""
        choose = self._random
        if depth > 6 or choose.random() < 0.08:
            return choose.choice((*FRAGMENTS, None, 0, -1, 1e308, float("nan"), True, [], {}))
        if "$ref" in schema:
            return self._value(self._schemas[schema["$ref"].rpartition("/")[2]], depth + 1)
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self._value(choose.choice(options), depth + 1)
        if "enum" in schema:
            return choose.choice(schema["enum"])
        makers: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth),
            "array": lambda: [
                self._value(schema.get("items", {}), depth + 1)
                for _ in range(choose.choice((0, 1, 2, 5, 60)))
            ],
            "string": lambda: choose.choice(FRAGMENTS),
            "integer": lambda: choose.choice((0, 1, -1, 2**63, 10**30)),
            "number": lambda: choose.choice((0, 0.5, -1, 1e308)),
            "boolean": lambda: choose.random() < 0.5,
        }
        maker = makers.get(str(schema.get("type")))
        return maker() if maker else choose.choice(FRAGMENTS)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        made = {
            name: self._value(value, depth + 1)
            for name, value in properties.items()
            if name in required or self._random.random() < 0.5
        }
        if isinstance(schema.get("additionalProperties"), dict):
            for _ in range(self._random.choice((0, 1, 3))):
                name = self._random.choice(FRAGMENTS)
                made[name] = self._value(schema["additionalProperties"], depth + 1)
        if self._random.random() < 0.03:
            made["unknown"] = 1
        return made

    def _damage(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            if damaged:
                damaged[self._random.randrange(len(damaged))] = self._random.randrange(256)
        return bytes(damaged[: self._random.randint(1, len(damaged))] if damaged else damaged)


def exchange(port: int, requests: list[bytes]) -> Counter[str]:
    """Send requests one after another; return how often each status came."""
    statuses: Counter[str] = Counter()
    connection: socket.socket | None = None
    for request in requests:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), timeout=15)
        status, keeps_open = _exchange(connection, request)
        statuses[status] += 1
        if not keeps_open:
            connection.close()
            connection = None
    if connection:
        connection.close()
    return statuses


def _exchange(connection: socket.socket, request: bytes) -> tuple[str, bool]:
    received = b""
    try:
        connection.sendall(request)
        connection.settimeout(0.5 if b"\r\n\r\n" not in request else 15)
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                return "closed", False
            received += chunk
    except TimeoutError:  # a damaged request that waits for more
        return "waiting", False
    except OSError:
        return "closed", False
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        None,
    )
    with suppress(OSError):
        while length is not None and len(body) < length:
            chunk = connection.recv(65536)
            if not chunk:
                break
            body += chunk
    keeps_open = length is not None and len(body) == length and b"connection: close" not in head
    # What follows a damaged length would be read as the next response.
    return head.split(b" ", 2)[1].decode(), keeps_open and request.count(b"HTTP/1.1") == 1


@pytest.mark.slow
def test_fuzzed_requests_cause_no_internal_error(
    service: AttackedService, record_property: Callable[[str, object], None]
) -> None:
    call = service.ring("+12125550123")
    service.report(AGENTS[0], service.seen_by(AGENTS[0], call)).raise_for_status()
    maker = RequestMaker(httpx.get(f"{service.url}/openapi.json").json(), SEED)
    requests = [maker.make() for _ in range(REQUESTS)]
    before = service.memory_bytes
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = [requests[start::CONNECTIONS] for start in range(CONNECTIONS)]
        statuses = sum(pool.map(lambda part: exchange(service.port, part), parts), Counter[str]())
    record_property("requests", dict(statuses))
    assert statuses["500"] == 0, statuses
    assert sum(statuses.values()) == REQUESTS
    assert statuses["200"] > REQUESTS / 50, "most are refused at the first check"
    assert statuses["closed"] + statuses["waiting"] < REQUESTS / 10
    assert service.memory_bytes - before < MAX_GROWTH_BYTES
    assert service.is_responsive()
    report = service.seen_by(AGENTS[0], call)
    assert service.report(AGENTS[0], report).status_code == 200, "and goes on working"


@pytest.mark.parametrize("seed", range(3))
def test_generator_is_reproducible(seed: int) -> None:
    document = {
        "components": {"schemas": {}},
        "paths": {"/a/{id}": {"get": {"parameters": [{"name": "q", "in": "query"}]}}},
    }
    first, second = (RequestMaker(document, seed) for _ in range(2))
    assert [first.make() for _ in range(50)] == [second.make() for _ in range(50)]
