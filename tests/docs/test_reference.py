"""What the README says of a pipeline file is what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from replicator.config.reference import configuration_reference
from replicator.config.schemafile import SCHEMA_FILE, schema_text

_REPOSITORY: Final = Path(__file__).parents[2]
_README: Final = _REPOSITORY / "README.md"
_BEGIN: Final = "<!-- configuration reference -->\n"
_END: Final = "<!-- end of configuration reference -->\n"


def test_the_readme_holds_the_configuration_reference(request: pytest.FixtureRequest) -> None:
    """A key that is added, or means something else now, is in the README in the same change."""
    before, begin, rest = _README.read_text("utf-8").partition(_BEGIN)
    written, end, after = rest.partition(_END)
    assert begin, f"README.md has lost its line {_BEGIN!r}"
    assert end, f"README.md has lost its line {_END!r}"
    reference = f"\n{configuration_reference().strip()}\n\n"
    if request.config.getoption("--update-golden"):
        _README.write_text(before + begin + reference + end + after, encoding="utf-8")
        written = reference

    assert written == reference, "the README is out of date; renew it with pytest tests/docs --update-golden"


def test_the_configs_hold_the_schema_of_their_files(request: pytest.FixtureRequest) -> None:
    """A clone has what its editors need: the committed schema is the one that ``replicator schema`` prints."""
    committed = _REPOSITORY / "configs" / SCHEMA_FILE
    if request.config.getoption("--update-golden"):
        committed.write_text(schema_text(), encoding="utf-8")

    assert committed.read_text("utf-8") == schema_text(), (
        "renew it with replicator schema > configs/pipeline.schema.json"
    )
