"""One server per directory, and the file that says where it listens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from replicator.errors import FailedError
from replicator.local import endpoints
from replicator.local.endpoints import Endpoints
from replicator.local.occupancy import Occupancy

SERVED = Endpoints(http="http://127.0.0.1:9050", executions="127.0.0.1:9051", pid=1)

HOLD = """
import sys
from pathlib import Path
from replicator.local.occupancy import Occupancy
occupancy = Occupancy(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_directory_has_one_server(tmp_path: Path) -> None:
    """The second is told where the first one listens."""
    first = Occupancy(tmp_path)
    endpoints.write(tmp_path, SERVED)

    with pytest.raises(FailedError, match=r"http://127\.0\.0\.1:9050 by process 1"):
        Occupancy(tmp_path)
    first.end()
    Occupancy(tmp_path).end()


def test_a_killed_server_lets_its_directory_go(tmp_path: Path) -> None:
    """Whatever it left behind."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FailedError):
            Occupancy(tmp_path)
        holder.kill()
        holder.wait()

    Occupancy(tmp_path).end()


def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """No traceback: the place, the reason, what to do."""
    (tmp_path / "file").write_text("")

    with pytest.raises(FailedError, match="choose another --dir"):
        Occupancy(tmp_path / "file")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """And gone once it is removed, which may be done twice."""
    endpoints.write(tmp_path, SERVED)

    assert endpoints.read(tmp_path) == SERVED
    endpoints.remove(tmp_path)
    endpoints.remove(tmp_path)
    assert endpoints.read(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"http": "x"}', "null"])
def test_a_file_that_is_none_of_ours_says_nothing(tmp_path: Path, text: str) -> None:
    """It is not taken for a server."""
    (tmp_path / endpoints.FILE).write_text(text)

    assert endpoints.read(tmp_path) is None
