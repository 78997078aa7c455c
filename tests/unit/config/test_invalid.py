"""Every file of ``invalid/`` and, beside it, each error it is refused with."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.config.reading import build_pipeline
from replicator.errors import ConfigError
from replicator.source.reader import read

INVALID = Path(__file__).parent / "invalid"


@pytest.mark.parametrize("case", sorted(path.stem for path in INVALID.glob("*.yaml")))
def test_every_mistake_is_told_where_it_is_and_with_what_would_be_right(case: str) -> None:
    """One line per mistake, all of them at once, in the order of the file."""
    file = INVALID / f"{case}.yaml"

    with pytest.raises(ConfigError) as refused:
        build_pipeline(read(file))

    told = "".join(f"{problem}\n".removeprefix(f"{INVALID}/{case}.yaml:") for problem in refused.value.problems)
    assert told == (INVALID / f"{case}.errors").read_text(encoding="utf-8")


def test_every_file_has_its_errors_and_the_other_way_round() -> None:
    """A case without an expectation would prove nothing."""
    assert {path.stem for path in INVALID.glob("*.yaml")} == {path.stem for path in INVALID.glob("*.errors")}
