"""Requests that no client would send: each gets an answer in the 400s, in the shape of Google's errors."""

from __future__ import annotations

import http.client
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.local.server import Running, serve
from tests.conformance.server.clients import LANDING, PARENT, Clients
from tests.conformance.server.malformed import BIGQUERY, TYPES, made
from tests.conformance.server.serving import EXECUTOR

SEED = 20261121
CANCELLED = 499
"""An upload that its client gives up, answered without a body (storage/docs/performing-resumable-uploads)."""
REQUESTS = 300


QUERY = b'"configuration": {"query": {"query": "SELECT 1", "useLegacySql": false}}}'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("cloud"), executor=EXECUTOR) as server:
        Clients(server.endpoints).make_dataset(LANDING, "EU")
        yield server


def ask(running: Running, method: str, target: str, sent: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(running.endpoints.http.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, target, sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("service", ["bigquery", "others"])
def test_malformed_requests_get_no_500_and_no_silence(
    running: Running, service: str, request: pytest.FixtureRequest
) -> None:
    """Whatever is sent: an answer, in the shape of Google's errors where it is one, and never a bug of the server."""
    chance = random.Random(SEED)
    wrong = []
    count = request.config.getoption("--requests", default=REQUESTS)
    for number in range(count):
        method, target, sent = made(chance, service)
        headers = {"Content-Type": chance.choice(TYPES)}
        if chance.random() < 0.1:
            headers["Content-Encoding"] = "gzip"
        status, told = ask(running, method, target, sent, headers)
        # 501 is the refusal of what is not modelled.
        if not (status < 500 or status == 501) or (
            status >= 400 and method != "HEAD" and status != CANCELLED and not well_shaped(status, told)
        ):
            wrong.append(f"{number}: {method} {target[:120]} {sent[:200]!r} -> {status} {told[:300]!r}")
        if target.startswith("/control/"):
            for cleared in ("faults", "holds", "transfer", "unsettled"):
                ask(running, "DELETE", f"/control/{cleared}", b"", {})
            running.clock.move(0)

    assert not wrong, f"{len(wrong)} of {count}, seed {SEED}:\n" + "\n".join(wrong[:20])


def well_shaped(status: int, told: bytes) -> bool:
    try:
        error = json.loads(told)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    return error["code"] == status and isinstance(error["message"], str) and bool(error["message"])


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", f"/v1/{PARENT}/workflows"),
        ("DELETE", f"/v1/{PARENT}/transferConfigs"),
        ("POST", "/control/calls"),
        ("BREW", f"{BIGQUERY}/datasets"),
        ("PUT", f"{BIGQUERY}/jobs"),
    ],
)
def test_a_wrong_verb_is_refused_in_googles_shape(running: Running, method: str, target: str) -> None:
    """With the verb and the path."""
    status, told = ask(running, method, target, b"", {})

    assert status in {404, 405, 501}
    assert well_shaped(status, told)
    assert method in json.loads(told)["error"]["message"]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (f"{BIGQUERY}/jobs", b'{"configuration": '),
        (f"{BIGQUERY}/jobs", b'{"configuration": {"query": {"query": "\xff"}}}'),
        (f"{BIGQUERY}/jobs", b'{"configuration": {"query": {"query": 1, "useLegacySql": false}}}'),
        (f"{BIGQUERY}/jobs", b'{"jobReference": {"jobId": "' + b"a" * 100_000 + b'"}, ' + QUERY),
        (f"/v1/{PARENT}/workflows?workflowId=w", b'{"sourceContents": "\xff"}'),
        (f"/v1/{PARENT}/workflows?workflowId=w", b'{"sourceContents": NaN}'),
        (f"/v1/{PARENT}/jobs", b'{"schedule": "\\ud800"}'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_400(running: Running, target: str, sent: bytes) -> None:
    """JSON that ends too soon, is no UTF-8, no JSON's number or no Unicode, of a wrong type or too long."""
    status, told = ask(running, "POST", target, sent, {"Content-Type": "application/json"})

    assert status == 400, told
    assert well_shaped(status, told)


def test_a_body_that_ends_before_its_length_is_never_acted_on(running: Running) -> None:
    """The client is gone; the server goes on."""
    host, port = running.endpoints.http.removeprefix("http://").split(":")
    sent = b'{"datasetReference": {"projectId": "acme-analytics", "datasetId": "half"}, "location": "EU"}'
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        head = f"POST {BIGQUERY}/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(sent) + 10}\r\n\r\n".encode() + sent)

    status, told = ask(running, "GET", f"{BIGQUERY}/datasets", b"", {})
    assert status == 200
    assert b"half" not in told


def test_garbage_instead_of_http_ends_the_connection(running: Running) -> None:
    """400, and the next connection is served."""
    host, port = running.endpoints.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")

    assert ask(running, "GET", f"{BIGQUERY}/datasets", b"", {})[0] == 200


def test_it_listens_on_loopback_unless_told_otherwise(running: Running, tmp_path: Path) -> None:
    """Nobody else reaches it; 0.0.0.0 has to be asked for."""
    listening = listening_addresses()
    for address in (running.endpoints.http.removeprefix("http://"), running.endpoints.executions):
        host, port = address.split(":")
        assert host == "127.0.0.1"
        assert listening[int(port)] == {"127.0.0.1"}

    with serve(tmp_path, host="0.0.0.0", executor=EXECUTOR) as everywhere:  # noqa: S104 - what the test is about
        open_to_all = int(everywhere.endpoints.http.rpartition(":")[2])
        assert listening_addresses()[open_to_all] == {"0.0.0.0"}  # noqa: S104 - compared, not bound


def listening_addresses() -> dict[int, set[str]]:
    """Of each port that somebody listens on, the addresses, as Linux lists them: IPv4's, and IPv6's that hold one."""
    found: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A":
                address, port = local.split(":")
                found.setdefault(int(port, 16), set()).add(socket.inet_ntoa(bytes.fromhex(address[-8:])[::-1]))
    return found
