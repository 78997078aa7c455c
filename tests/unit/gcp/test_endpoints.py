"""Where calls go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replicator.errors import FailedError
from replicator.gcp.endpoints import Endpoints
from tests.unit.gcp.conftest import Answer, Web


def _announce(web: Web, *, pid: int = 7) -> dict[str, object]:
    answer = {"http": web.url, "executions": "127.0.0.1:4711", "pid": pid}
    web.answer = lambda _request: Answer(body=answer)
    return answer


def test_google_needs_no_address() -> None:
    """Without a local cloud nothing is asked and nothing is local."""
    assert not Endpoints.google().local


def test_a_local_cloud_is_asked_where_it_listens(web: Web) -> None:
    """``at`` learns the gRPC address from the server, reached by the name that the person gave."""
    _announce(web)

    found = Endpoints.at(f"http://localhost:{web.port}/")

    assert found == Endpoints(http=f"http://localhost:{web.port}", executions="localhost:4711")
    assert web.requests[0].path == "/endpoints"


def test_an_unreachable_address_is_one_sentence() -> None:
    """Nothing listens: the address, the fact and the remedy, without a traceback."""
    with pytest.raises(FailedError) as failure:
        Endpoints.at("http://127.0.0.1:1")

    text = str(failure.value)
    assert text.startswith("http://127.0.0.1:1: no local cloud answers there (Connection refused)")
    assert "replicator local serve" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "answer",
    [Answer(404), Answer(body="<html>"), Answer(body={"http": "x"}), Answer(body={"executions": "x", "pid": 1})],
)
def test_something_else_that_answers_is_not_taken_for_a_local_cloud(web: Web, answer: Answer) -> None:
    """A web server that is no local cloud is named as such."""
    web.answer = lambda _request: answer

    with pytest.raises(FailedError, match="answers, but"):
        Endpoints.at(web.url)


def test_a_directory_that_is_served_leads_to_its_server(web: Web, tmp_path: Path) -> None:
    """The file in the directory names a live server with the same process id."""
    (tmp_path / "endpoints.json").write_text(json.dumps(_announce(web)), encoding="utf-8")

    assert Endpoints.of_directory(tmp_path) == Endpoints(http=web.url, executions="127.0.0.1:4711")


def test_a_killed_servers_file_leads_nowhere(web: Web, tmp_path: Path) -> None:
    """Nobody answers, or another process does: the directory is not served."""
    (tmp_path / "endpoints.json").write_text(json.dumps(_announce(web) | {"pid": 8}), encoding="utf-8")
    assert Endpoints.of_directory(tmp_path) is None

    gone = {"http": "http://127.0.0.1:1", "executions": "127.0.0.1:2", "pid": 7}
    (tmp_path / "endpoints.json").write_text(json.dumps(gone), encoding="utf-8")
    assert Endpoints.of_directory(tmp_path) is None


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"http": 1, "pid": "x"}'])
def test_a_directory_without_a_readable_file_is_not_served(tmp_path: Path, text: str | None) -> None:
    """Missing, empty and foreign files are the same as none."""
    if text is not None:
        (tmp_path / "endpoints.json").write_text(text, encoding="utf-8")

    assert Endpoints.of_directory(tmp_path) is None
