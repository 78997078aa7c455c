"""What the README tells people to type works, and what it points at is there."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from replicator.cli.cloud import serving
from replicator.cli.exports import Exports
from replicator.cli.main import VERBS, answer
from replicator.demo.data import Day, first_day
from replicator.demo.pipeline import TARGET, TARGET_LOCATION
from replicator.gcp.endpoints import Endpoints

_REPOSITORY: Final = Path(__file__).parents[2]
_README: Final = (_REPOSITORY / "README.md").read_text("utf-8")
_BLOCKS: Final = [
    (found[1], found[2].splitlines())
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", _README, re.MULTILINE | re.DOTALL)
]
_COMMANDS: Final = [line for language, lines in _BLOCKS if language == "sh" for line in lines if line.strip()]
_LINKS: Final = sorted({link for link in re.findall(r"\]\(([^)\s]+)\)", _README) if "://" not in link})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cloud with one shard in each country, and the target's dataset."""
    day = first_day()
    firsts = {
        table.ref.project: table for table in reversed(day.tables) if re.fullmatch(r"events_\d{8}", table.ref.table)
    }
    datasets = {table.ref.parent: day.datasets[table.ref.parent] for table in firsts.values()}
    with serving(tmp_path_factory.mktemp("cloud")) as running:
        exports = Exports(Endpoints.at(running.endpoints.http))
        exports.write(Day("", {**datasets, TARGET.parent: TARGET_LOCATION}, tuple(firsts.values())))
        yield running.endpoints.http


@pytest.mark.slow
def test_every_command_of_the_readme_works(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as they are printed, by somebody who has the configs and a cloud."""
    shutil.copytree(_REPOSITORY / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPLICATOR_CLOUD", cloud)
    assert _COMMANDS, "the README has no block of commands"

    for line in _COMMANDS:
        program, *arguments = shlex.split(line, comments=True)
        code = answer(arguments)

        assert (program, code) == ("replicator", 0), f"{line}\n{capsys.readouterr().err}"
    assert (tmp_path / "workflows" / "ga4_events.yaml").exists()


def test_the_readme_opens_with_two_lines_to_copy() -> None:
    """Each in a block of its own: one installs and runs the demo, one installs and runs the tests."""
    (_, demo), (_, tests) = _BLOCKS[:2]

    assert (len(demo), len(tests)) == (1, 1)
    assert demo[0].endswith("replicator demo")
    assert tests[0].endswith("pytest")


@pytest.mark.parametrize(("block", "extra"), [(0, "local"), (1, "test")])
def test_the_opening_lines_install_what_they_need(block: int, extra: str) -> None:
    """An environment of their own, and the extra that exists under this name."""
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    line = _BLOCKS[block][1][0]

    assert line.startswith("python3 -m venv ")
    assert f'".[{extra}]"' in line
    assert extra in project["optional-dependencies"]


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_tells_of_every_verb(verb: str) -> None:
    """What is not told of is not found."""
    assert re.search(rf"\breplicator {verb}\b", _README)


@pytest.mark.parametrize("link", _LINKS)
def test_links_within_the_project_lead_somewhere(link: str) -> None:
    """To a file that is there, or to a heading of the README."""
    path, _, heading = link.partition("#")

    assert (_REPOSITORY / path).exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", _README, re.MULTILINE)
        assert heading in {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
