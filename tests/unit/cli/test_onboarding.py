"""What ``onboard`` writes, asks and refuses, over metadata that a test makes up; every text it makes is validated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.asking import Flags
from replicator.cli.invocation import Invocation
from replicator.cli.onboarding import Onboarding, Order, Written
from replicator.config.merge import ReplaceTable, Upsert
from replicator.config.tables import Partitioned, Query, Shards, WholeTable
from replicator.errors import ConfigError, NotFoundError, UsageError
from replicator.names import DatasetRef
from tests.unit.onboard.shelf import Shelf, columns

ORDER: Final = Order(
    scope="acme-jp.a", into=None, target="acme-analytics.shop.things", state=None, source=None, partition_column=None,
    source_column=None, keys=(), newest_by=None, staging_project=None, keep_personal=False,
)  # fmt: skip
BY_DAY: Final[dict[str, Any]] = {"timePartitioning": {"type": "DAY", "field": "order_day"}}


@dataclass
class Person:
    """Somebody who answers what a test says, and remembers what was asked."""

    number: int = 0
    said: str = ""
    asked: list[str] = field(default_factory=list)

    def choose(self, question: str, choices: Sequence[str], otherwise: str) -> int:
        """As the port says."""
        del otherwise
        self.asked += [question, *choices]
        return self.number

    def text(self, question: str, default: str | None, otherwise: str) -> str:
        """As the port says."""
        del otherwise
        self.asked.append(f"{question} [{default}]")
        return self.said or default or ""


def shelf(*, target_at: str = "EU") -> Shelf:
    """A cloud with the target's dataset."""
    made = Shelf()
    made.places[DatasetRef("acme-analytics", "shop")] = target_at
    return made


def propose(metadata: Shelf, directory: Path, person: Person | None = None, **said: Any) -> Written:
    """What would be written."""
    asking = Flags() if person is None else person
    return Onboarding(Invocation(directory / "configs"), metadata, asking).propose(replace(ORDER, **said))


def test_a_person_is_asked_for_what_no_option_says(tmp_path: Path) -> None:
    """Which of several things, and where to; without a person both are errors that name the option."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["orders"], columns("id INTEGER", "order_day DATE"), **BY_DAY)
    metadata.put("acme-jp.a", ["people"], columns("id INTEGER", "created DATE"))
    person = Person(number=1, said="acme-analytics.shop.people")

    assert propose(metadata, tmp_path, person, target=None).pipeline.name == "people"

    assert person.asked == [
        "acme-jp.a holds 2 things that would each be a pipeline of their own",
        "acme-jp.a.orders  partitioned table orders in a",
        "acme-jp.a.people  table people in a",
        "Table that the rows shall go to [None]",
    ]
    with pytest.raises(UsageError, match=r"holds 2 things .*; name one of them\n  acme-jp\.a\.orders"):
        propose(metadata, tmp_path)
    with pytest.raises(UsageError, match=r"not said; add --target PROJECT\.DATASET\.TABLE, or --into a pipeline"):
        propose(metadata, tmp_path, scope="acme-jp.a.people", target=None)


def test_later_pipelines_go_beside_the_first(tmp_path: Path) -> None:
    """Its ledger is shared, and its dataset proposed; the same name twice is refused with the way on."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["orders"], columns("id INTEGER", "order_day DATE"), **BY_DAY)
    metadata.put("acme-jp.a", ["people"], columns("id INTEGER", "created DATE"))
    propose(metadata, tmp_path, scope="acme-jp.a.orders", state="acme-analytics.memory").write()
    person = Person()

    second = propose(metadata, tmp_path, person, scope="acme-jp.a.people", target=None)

    assert person.asked == ["Table that the rows shall go to [acme-analytics.shop.people]"]
    assert str(second.pipeline.state.dataset) == "acme-analytics.memory"
    with pytest.raises(UsageError, match="there is a pipeline 'orders' already; write --into orders"):
        propose(metadata, tmp_path, scope="acme-jp.a.orders")


def test_a_guess_is_only_told_and_a_wish_is_written(tmp_path: Path) -> None:
    """Keys from names and constraints stand in comments; ``--keys`` makes the merge."""
    metadata = shelf()
    constraint: dict[str, Any] = {"tableConstraints": {"primaryKey": {"columns": ["no"]}}}
    metadata.put("acme-jp.a", ["things"], columns("no INTEGER", "made_on DATE", "updated_at TIMESTAMP"), **constraint)

    guessed = propose(metadata, tmp_path)
    wished = propose(metadata, tmp_path, keys=("no",), newest_by="updated_at")

    assert isinstance(guessed.pipeline.merge, ReplaceTable)
    assert (
        "may be told apart by no (the table declares it as PRIMARY KEY, which BigQuery does not enforce)"
        in guessed.text
    )
    assert '#   merge: {upsert: {keys: ["no"], newest_by: updated_at}}\n' in guessed.text
    assert "#   incremental: {by: column, column: updated_at}\n" in guessed.text
    assert wished.pipeline.merge == Upsert(keys=("no",), newest_by="updated_at")
    assert guessed.pipeline.target.partition.column == "made_on"


@pytest.mark.parametrize(
    ("layout", "kind", "column", "by"),
    [
        ({"timePartitioning": {"type": "MONTH", "field": "order_day"}}, Partitioned, "order_day", "month"),
        ({"timePartitioning": {"type": "DAY"}}, Partitioned, "ingested_day", "day"),
        ({"timePartitioning": {"type": "HOUR"}}, Partitioned, "ingested_hour", "hour"),
        ({"rangePartitioning": {"field": "id"}}, WholeTable, "order_day", "month"),
        ({}, WholeTable, "order_day", "month"),
    ],
)
def test_a_tables_layout_becomes_the_targets(
    tmp_path: Path, layout: dict[str, Any], kind: type, column: str, by: str
) -> None:
    """By its own column, by ingestion, or as a whole."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["order by"], columns("id INTEGER", "order_day DATE"), **layout)

    written = propose(metadata, tmp_path)

    partition = written.pipeline.target.partition
    assert (type(written.pipeline.sources[0].tables), partition.column, partition.by) == (kind, column, by)


def test_a_table_without_a_date_is_read_by_a_query(tmp_path: Path) -> None:
    """Its name is quoted; one that has to be filtered cannot be."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["order codes"], columns("code", "undated"))
    metadata.put("acme-jp.a", ["numbered"], columns("n INTEGER"), rangePartitioning={"field": "n"},
                 requirePartitionFilter=True)  # fmt: skip

    source = propose(metadata, tmp_path, scope="acme-jp.a.order codes").pipeline.sources[0]

    assert isinstance(source.tables, Query)
    assert source.tables.sql == "SELECT *, DATE '2000-01-01' AS replicated_undated FROM `acme-jp.a.order codes`"
    assert source.id == "acme-jp.a.order_codes"
    with pytest.raises(UsageError, match="refuses queries without a filter"):
        propose(metadata, tmp_path, scope="acme-jp.a.numbered")


def test_a_target_that_exists_decides_its_own_columns(tmp_path: Path) -> None:
    """Its partitioning and the column it is clustered by; what clashes with them in the source gets another name."""
    metadata = shelf()
    metadata.put(
        "acme-analytics.shop", ["things"], columns("day DATE", "shop"), clustering={"fields": ["shop"]},
        timePartitioning={"type": "MONTH", "field": "day"},
    )  # fmt: skip
    metadata.put("acme-jp.a", ["orders"], columns("id INTEGER", "order_day DATE", "Shop"), **BY_DAY)

    written = propose(metadata, tmp_path)

    target, source = written.pipeline.target, written.pipeline.sources[0]
    assert (target.partition.column, target.partition.by, target.source_column) == ("day", "month", "shop")
    assert source.columns.rename == {"order_day": "day", "Shop": "Shop_of_source"}


def test_whole_numbers_are_partitions_where_the_target_has_them(tmp_path: Path) -> None:
    """A run does not make such a target; one that is there is filled by its ranges."""
    metadata = shelf()
    metadata.put(
        "acme-analytics.shop", ["things"], columns("n INTEGER", "shop"), clustering={"fields": ["shop"]},
        rangePartitioning={"field": "n"},
    )  # fmt: skip
    metadata.put("acme-jp.a", ["lines"], columns("n INTEGER"), rangePartitioning={"field": "n"})

    written = propose(metadata, tmp_path)

    assert isinstance(written.pipeline.sources[0].tables, Partitioned)
    assert written.pipeline.target.partition.column == "n"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "is not partitioned by a column of its own; name another target"),
        ({"timePartitioning": {"type": "DAY"}}, "is not partitioned by a column of its own"),
    ],
)
def test_a_target_that_cannot_be_filled_is_refused(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    """Before anything is written."""
    metadata = shelf()
    metadata.put("acme-analytics.shop", ["things"], columns("shop"), clustering={"fields": ["shop"]}, **more)
    metadata.put("acme-jp.a", ["t_20260101"], columns("n INTEGER"))

    with pytest.raises(UsageError, match=message):
        propose(metadata, tmp_path)


def test_places_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """No dataset for the target, a ledger in another location."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["t_20260101"], columns("n INTEGER"))
    metadata.places[DatasetRef("acme-analytics", "replicator")] = "US"

    with pytest.raises(
        NotFoundError, match=r"the target's dataset acme-analytics\.none is not there, and a run leaves"
    ):
        propose(metadata, tmp_path, target="acme-analytics.none.things")
    with pytest.raises(UsageError, match="lies in US and the target in EU; name another with --state"):
        propose(metadata, tmp_path)


@pytest.mark.parametrize(
    ("scope", "datasets"),
    [("acme-jp", ("sales_*",)), ("acme-jp.sales_*", ("sales_*",)), ("acme-jp.sales_1", ("sales_1",))],
)
def test_a_pattern_finds_what_appears_tomorrow(tmp_path: Path, scope: str, datasets: tuple[str, ...]) -> None:
    """Where a person named no single dataset, and the pattern means none of another location."""
    metadata = shelf()
    metadata.put("acme-jp.sales_1", ["t_20260101"], columns("n INTEGER"))
    metadata.put("acme-jp.sales_2", ["t_20260101"], columns("n INTEGER"))

    source = propose(metadata, tmp_path, scope=scope).pipeline.sources[0]

    assert isinstance(source.tables, Shards)
    assert source.datasets.include == datasets


def test_a_pattern_is_not_used_across_locations(tmp_path: Path) -> None:
    """Each location has a source of its own, and names its datasets."""
    metadata = shelf()
    for number, place in ((1, "EU"), (2, "EU"), (3, "US")):
        metadata.put(f"acme-jp.sales_{number}", ["t_20260101"], columns("n INTEGER"), at=place)

    sources = propose(metadata, tmp_path, scope="acme-jp").pipeline.sources

    assert {source.location: source.datasets.include for source in sources} == {
        "EU": ("sales_1", "sales_2"), "US": ("sales_3",),
    }  # fmt: skip


def test_what_looks_personal_stays_or_is_only_told(tmp_path: Path) -> None:
    """A proposal is in force until it is removed; with ``--keep-personal`` it is a comment."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["t_20260101"], columns("n INTEGER", "email", "user_id"))

    proposed = propose(metadata, tmp_path).pipeline.sources[0].columns
    kept = propose(metadata, tmp_path, keep_personal=True)

    assert (proposed.exclude, proposed.hash) == (("email",), ("user_id",))
    assert kept.pipeline.sources[0].columns.exclude == ()
    assert "leave the source as they are: email, user_id." in kept.text


def test_a_path_that_only_some_datasets_have_is_not_proposed(tmp_path: Path) -> None:
    """A run refuses a path that none of the tables it takes has."""
    metadata = shelf()
    metadata.put("acme-jp.a_1", ["t_20260101"], columns("email", "phone"))
    metadata.put("acme-jp.a_2", ["t_20260101"], columns("Email"))

    written = propose(metadata, tmp_path, scope="acme-jp")

    assert written.pipeline.sources[0].columns.exclude == ("email",)


def test_fields_that_no_table_can_hold_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between datasets and between the oldest and the newest shard; a hash is a text whatever it is made of."""
    metadata = shelf()
    odd = [{"name": "r", "type": "RECORD", "fields": columns("x INTEGER", "y INTEGER")}]
    even = [{"name": "R", "type": "RECORD", "fields": columns("X", "y INTEGER")}]
    metadata.put("acme-jp.a_1", ["t_20260101"], [*columns("n INTEGER", "user_id INTEGER"), *odd])
    metadata.put("acme-jp.a_1", ["t_20260102"], [*columns("n NUMERIC", "user_id"), *odd])
    metadata.put("acme-jp.a_2", ["t_20260101"], [*columns("n NUMERIC", "user_id"), *even])

    written = propose(metadata, tmp_path, scope="acme-jp")

    found = written.pipeline.sources[0].columns
    assert (found.exclude, found.hash) == (("r.x", "n"), ("user_id",))
    assert "- n    # NUMERIC in a_1.t_20260102, INTEGER in a_1.t_20260101" in written.text
    said = capsys.readouterr().err
    assert "warning: r.x is INTEGER in a_1.t_20260102, STRING in a_2.t_20260101; no table can hold both" in said
    assert "user_id is" not in said


def test_a_source_that_does_not_fit_its_pipeline_leaves_the_file_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistake is told at its place, and that nothing was written."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["t_20260101"], columns("n INTEGER"))
    metadata.put("acme-jp.b", ["people"], columns("id INTEGER", "created DATE"))
    first = propose(metadata, tmp_path, into="things")
    first.write()

    with pytest.raises(ConfigError, match="use 'merge: replace_table', or 'upsert' with keys"):
        propose(metadata, tmp_path, scope="acme-jp.b", into="things", target=None)
    with pytest.raises(ConfigError, match=r"owns 'acme-jp\.a', which sources"):
        propose(metadata, tmp_path, into="things", target=None)

    assert first.file.read_text("utf-8") == first.text
    assert "nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"into": "none", "target": None}, "there is no pipeline 'none' .there is things.; add --target to make it"),
        ({"into": "things", "target": "a-b-c-d.e.f"}, "--target: pipeline 'things' has decided that already"),
        ({"into": "things", "target": None, "keys": ("n",)}, "--keys: pipeline 'things' has decided that already"),
        ({"target": "nowhere"}, "--target: 'nowhere' is not '<project>.<dataset>.<table>'"),
    ],
)
def test_options_that_contradict_each_other_are_named(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    """With what is decided already, or what is no name."""
    metadata = shelf()
    metadata.put("acme-jp.a", ["t_20260101"], columns("n INTEGER"))
    propose(metadata, tmp_path, into="things").write()

    with pytest.raises(UsageError, match=message):
        propose(metadata, tmp_path, **said)


@pytest.mark.parametrize(
    ("shards", "suffix", "column", "by"),
    [
        (("h_2026010100",), "%Y%m%d%H", "shard_hour", "hour"),
        (("d_20260101",), "%Y%m%d", "shard_day", "day"),
        (("m_202601", "m_202602"), "%Y%m", "shard_month", "month"),
        (("y_2025", "y_2026"), "%Y", "shard_year", "year"),
    ],
)
def test_the_width_of_shards_becomes_that_of_the_targets_partitions(
    tmp_path: Path, shards: tuple[str, ...], suffix: str, column: str, by: str
) -> None:
    """A coarser target would lose what a shard replaces, a finer one could not be filled."""
    metadata = shelf()
    metadata.put("acme-jp.a", shards, columns("n INTEGER"))

    pipeline = propose(metadata, tmp_path).pipeline

    assert pipeline.sources[0].tables == Shards(shards=f"{shards[0][0]}_", suffix=suffix)
    assert (pipeline.target.partition.column, pipeline.target.partition.by) == (column, by)
