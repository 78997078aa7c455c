"""Views over datasets asked one by one: a run puts together what ``plan`` does, whatever the datasets are called."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from replicator.sql.metadata import over_datasets, see_datasets
from replicator.sql.placeholders import VIEWS
from replicator.sql.quoting import quote_string
from tests.googlesql import evaluate, parse

# No name that a run can find holds a line break or a tab (tables#table_naming); the braces are filled beforehand.
signs = st.one_of(st.sampled_from("\\`'\"?.;-/*$@ %sT"), st.characters(exclude_categories=["C", "Z"]))
names = st.text(signs, min_size=1)


def by_the_run(datasets: list[str]) -> dict[str, str]:
    """Text by view, as the document's script writes it."""
    query = see_datasets().partition("FOR v IN (")[2].partition("\n) DO")[0]
    run = quote_string(json.dumps({"datasets": datasets}))
    return dict(evaluate(query.replace("@run", f"JSON {run}")))


@settings(max_examples=25, deadline=None)
@given(st.lists(names, min_size=1, max_size=3, unique=True))
@example(["a`.x; DROP TABLE t; --", "it's ? \\"])
def test_a_datasets_name_stays_one_name(datasets: list[str]) -> None:
    """No character of a name ends its quotes, by the run's script and by ``plan``."""
    written = by_the_run(datasets)

    for view, text in written.items():
        by_plan = over_datasets(f"SELECT * FROM {VIEWS}{view}", datasets)
        parse(text)
        parse(by_plan)
        if view == "SCHEMATA":
            assert sorted(evaluate(text)) == sorted(evaluate(by_plan)) == sorted((name,) for name in datasets)
