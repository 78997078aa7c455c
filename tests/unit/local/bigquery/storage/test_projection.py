"""Columns written under one schema and read under another."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.projection import project
from replicator.schema.fields import Field, Mode


@pytest.mark.parametrize("mode", Mode)
def test_types_that_are_held_alike_are_not_read_for_each_other(mode: Mode) -> None:
    """A BIGNUMERIC is held as a text, which nobody may see."""
    text, wide = (Field("a", "RECORD", mode, (Field("b", kind),)) for kind in ("STRING", "BIGNUMERIC"))
    assert project("x", wide, wide) == "x"
    for written, wanted in ((text, wide), (wide, text)):
        with pytest.raises(BigQueryError, match="reading field b of type"):
            project("x", written, wanted)
