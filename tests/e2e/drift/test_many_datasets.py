"""What drift costs grows with the schemas there are, and not with the datasets that have them."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from replicator.schema.compare import compare
from replicator.schema.fields import Field
from tests.e2e.clouds import record, repeated
from tests.e2e.drift.aligning import Aligning

pytestmark = pytest.mark.slow

SCHEMAS: Final = 20
TARGET: Final = (Field("a", "INTEGER"), record("geo", Field("city", "STRING"), Field("zip", "STRING")))


def _schema(number: int) -> tuple[Field, ...]:
    """One of the schemas: each lacks a field, has one more three levels down, and no two have the same."""
    more = repeated("items", record("product", Field(f"coupon_{number % SCHEMAS}", "STRING")))
    return record("geo", Field("city", "STRING")), more, Field("A", "INTEGER")


def _statements(aligning: Aligning, datasets: int, align: str) -> Counter[str]:
    """How many statements of each kind find the drift of so many datasets and align them; all of it has to be told."""
    target = aligning.target(TARGET)
    landed = aligning.landed([(f"shop_{number}", _schema(number), ()) for number in range(datasets)])
    aligning.cloud.running.recorder.clear_statements()

    aligning.answer(aligning.plan(target, f"align: {align}\n").statements.align, landed)

    sent = Counter(statement.kind for statement in aligning.cloud.running.recorder.statements())
    differences = {
        (".".join(one.path), one.change.value) for number in range(SCHEMAS) for one in compare(TARGET, _schema(number))
    }
    assert {(path, kind) for path, kind, *_ in aligning.told(target)} == differences - {("", "reordered")}
    aligning.forget(target, landed)
    return sent


@pytest.mark.parametrize("align", ["wildcard", "projection"])
@pytest.mark.parametrize("datasets", [100, pytest.param(2_000, marks=pytest.mark.drift_everywhere)])
def test_as_many_statements_for_many_datasets_as_for_one_of_each_schema(
    aligning: Aligning, align: str, datasets: int
) -> None:
    """One run finds and aligns twenty schemas of two thousand datasets by the statements that twenty datasets take."""
    few = _statements(aligning, SCHEMAS, align)

    assert few["INSERT"] == (1 if align == "wildcard" else 1 + SCHEMAS)
    assert _statements(aligning, datasets, align) == few
