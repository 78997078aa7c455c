"""What a project, a dataset or a table holds that a pipeline can bring: one subject for each thing of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self, TypeVar

from replicator import names
from replicator.config.globs import GlobSet
from replicator.errors import FailedError, NotFoundError, UsageError
from replicator.names import DatasetRef, TableRef, known_location
from replicator.onboard.exports import Export, export_of, may_be_export
from replicator.onboard.metadata import (
    BASE_TABLE,
    ByTime,
    Described,
    Listed,
    Metadata,
    Resource,
    described,
    listed,
    made_here,
)
from replicator.onboard.shards import families

_SCOPE: Final = re.compile(r"((?:[a-z0-9.-]+:)?[^.:]+)(?:\.([^.]+))?(?:\.([^.]+))?")
_GLOB: Final = re.compile(r"[A-Za-z0-9_*]+")
# What runs themselves make beside the data; what it holds is on its way and no source.
_SIDE_BY_SIDE: Final = 8
_OWN: Final = re.compile(r"replicator_.*__.*__[0-9a-f]{6}_(?:staging|landing)")

Name = TypeVar("Name")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: a project, and in it names of datasets and tables, ``*`` for any characters.

    Attributes:
        project: The project.
        dataset: A name or a pattern; None looks into all.
        table: The same for tables; a shard stands for its family.
    """

    project: str
    dataset: str | None = None
    table: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PROJECT[.DATASET[.TABLE]]``.

        Raises:
            UsageError: A part is no such name.
        """
        match = _SCOPE.fullmatch(text.strip("`"))
        project, dataset, table = match.groups() if match is not None else ("", None, None)
        right = (
            names.PROJECT.fullmatch(project)
            and (dataset is None or _GLOB.fullmatch(dataset))
            and (table is None or names.TABLE.fullmatch(table.replace("*", "x")))
        )
        if not right:
            msg = f"'{text}' names nothing to onboard; write PROJECT, PROJECT.DATASET or PROJECT.DATASET.TABLE"
            raise UsageError(msg)
        return cls(project, dataset, table)

    def __str__(self) -> str:
        return ".".join(part for part in (self.project, self.dataset, self.table) if part is not None)


class Kind(StrEnum):
    """What a subject's units would be."""

    SHARDS = "shards"
    PARTITIONED = "partitioned"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset that holds a subject.

    Attributes:
        ref: The dataset.
        location: As BigQuery spells it.
        tables: The subject's tables there, shards oldest first.
    """

    ref: DatasetRef
    location: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a pipeline can bring, wherever it lies.

    Attributes:
        kind: What its units would be.
        name: The table's name; of shards what stands before their date.
        suffix: The date in the shards' names; empty for others.
        places: The datasets that hold it.
        export: Which known export writes it, if one does.
    """

    kind: Kind
    name: str
    suffix: str
    places: tuple[Place, ...]
    export: Export | None = None

    @property
    def pattern(self) -> str:
        """What selects it as ``TABLE`` of a scope."""
        return f"{self.name}*" if self.kind is Kind.SHARDS else self.name

    @property
    def title(self) -> str:
        """What a person calls it."""
        what = {
            Kind.SHARDS: f"shards {self.name}{self.suffix}",
            Kind.PARTITIONED: f"partitioned table {self.name}",
            Kind.TABLE: f"table {self.name}",
        }[self.kind]
        return f"{self.export.title}, {what}" if self.export is not None else what


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        scope: Where.
        subjects: What can be brought, known exports first.
        others: ``dataset.table`` of what holds no rows of its own: views, external tables, snapshots.
        datasets: Every dataset of the project that was seen, with its location; those outside the scope as well.
    """

    scope: Scope
    subjects: tuple[Subject, ...]
    others: tuple[str, ...]
    datasets: tuple[tuple[DatasetRef, str], ...]


def survey(metadata: Metadata, scope: Scope) -> Survey:
    """Look at names and layouts, and at the columns of one shard of what may be a known export.

    Raises:
        NotFoundError: The project, the dataset or the table is not there.
        FailedError: The metadata cannot be read, or there is nothing in it that can be brought.
    """
    seen = tuple(_datasets(metadata, scope))
    chosen = [(ref, place) for ref, place in seen if _matches(scope.dataset, ref.dataset)]
    if not chosen:
        msg = f"project {scope.project} has no dataset {scope.dataset or 'that you may see'}; check the name"
        raise NotFoundError(msg)
    held: dict[tuple[Kind, str, str], list[Place]] = defaultdict(list)
    others: list[str] = []
    for (ref, location), resources in zip(chosen, _each(metadata.tables, [ref for ref, _ in chosen]), strict=True):
        every_table = [listed(resource) for resource in resources]
        found = [table for table in every_table if not table.made_here or table.name == scope.table]
        others += [f"{ref.dataset}.{table.name}" for table in found if table.kind != BASE_TABLE]
        for kind, name, suffix, tables in _held(found):
            held[kind, name, suffix].append(Place(ref, location, tables))
    subjects = [Subject(kind, name, suffix, tuple(places)) for (kind, name, suffix), places in held.items()]
    selected = tuple(_selected(subjects, scope.table))
    if not selected:
        _refuse_nothing(scope, others)
    recognised = [found for subject in selected for found in _recognised(metadata, subject)]
    recognised.sort(key=lambda subject: (subject.export is None, subject.name))
    return Survey(scope, tuple(recognised), tuple(others), seen)


def obvious(found: Survey) -> Subject | None:
    """The one subject that is meant, if there is no doubt.

    A known export is meant before what the same export writes beside it, and before nothing else.
    """
    if len(found.subjects) == 1:
        return found.subjects[0]
    daily = [each for each in found.subjects if each.export is not None and each.name == each.export.daily]
    if len(daily) != 1 or daily[0].export is None:
        return None
    siblings = daily[0].export.siblings
    beside = all(each is daily[0] or (each.kind is Kind.SHARDS and each.name in siblings) for each in found.subjects)
    return daily[0] if beside else None


def newest_tables(metadata: Metadata, subject: Subject) -> tuple[Described, ...]:
    """The newest table of the subject in each of its places, with its schema.

    Raises:
        FailedError: One of them cannot be read.
    """
    newest = [place.ref.table(place.tables[-1]) for place in subject.places]
    return tuple(described(resource) for resource in _each(metadata.table, newest))


def oldest_tables(metadata: Metadata, subject: Subject) -> tuple[Described, ...]:
    """The oldest shard in each place that has more than one, with its schema.

    Raises:
        FailedError: One of them cannot be read.
    """
    oldest = [place.ref.table(place.tables[0]) for place in subject.places if len(place.tables) > 1]
    return tuple(described(resource) for resource in _each(metadata.table, oldest))


def existing_table(metadata: Metadata, ref: TableRef) -> Described | None:
    """The table of that name, or None.

    Raises:
        FailedError: It cannot be read.
    """
    try:
        return described(metadata.table(ref))
    except NotFoundError:
        return None


def location_of(metadata: Metadata, ref: DatasetRef) -> str:
    """Where a dataset lies.

    Raises:
        NotFoundError: There is none of that name.
        FailedError: It cannot be read.
    """
    return _location(metadata.dataset(ref))


def _location(resource: Resource) -> str:
    said = str(resource["location"])
    return known_location(said) or said


def _datasets(metadata: Metadata, scope: Scope) -> Iterator[tuple[DatasetRef, str]]:
    if scope.dataset is not None and "*" not in scope.dataset:
        # Rights on this dataset alone are enough.
        resources = [metadata.dataset(DatasetRef(scope.project, scope.dataset))]
    else:
        resources = list(metadata.datasets(scope.project))
    for resource in resources:
        name = str(resource["datasetReference"]["datasetId"])
        # A name that is typed is meant, whoever made it.
        if name == scope.dataset or not (_OWN.fullmatch(name) or made_here(resource)):
            yield DatasetRef(scope.project, name), _location(resource)


def _each(ask: Callable[[Name], Answer], names: Sequence[Name]) -> list[Answer]:
    """Ask about each, several at once: a project may have hundreds of datasets."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(ask, names))


def _matches(pattern: str | None, name: str) -> bool:
    return pattern is None or GlobSet((pattern,)).matches(name)


def _held(tables: Sequence[Listed]) -> Iterator[tuple[Kind, str, str, tuple[str, ...]]]:
    """What the tables of one dataset are: families first, then every table that is in none."""
    base = {table.name: table for table in tables if table.kind == BASE_TABLE}
    dated: set[str] = set()
    for family in families(base):
        if all(base[name].layout is None for name in family.tables):
            dated |= set(family.tables)
            yield Kind.SHARDS, family.prefix, family.suffix, family.tables
    for name, table in base.items():
        if name not in dated:
            kind = Kind.PARTITIONED if isinstance(table.layout, ByTime) else Kind.TABLE
            yield kind, name, "", (name,)


def _selected(subjects: Iterable[Subject], pattern: str | None) -> Iterator[Subject]:
    """Those that ``TABLE`` names: ``events_*`` is the family of that beginning and no longer one, if there is one."""
    every = tuple(subjects)
    if pattern is None:
        yield from every
        return
    exact = [each for each in every if pattern in (each.pattern, *(n for p in each.places for n in p.tables))]
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    yield from exact or (
        each for each in every if any(expression.fullmatch(n) for place in each.places for n in place.tables)
    )


def _recognised(metadata: Metadata, subject: Subject) -> Iterator[Subject]:
    """The subject, or one for each export that its shards are told to be of: names alone do not say which."""
    if subject.kind is not Kind.SHARDS or not may_be_export(subject.name):
        yield subject
        return
    places: dict[Export | None, list[Place]] = defaultdict(list)
    for place, newest in zip(subject.places, newest_tables(metadata, subject), strict=True):
        places[export_of([field.name for field in newest.fields])].append(place)
    for export, held in places.items():
        yield replace(subject, places=tuple(held), export=export)


def _refuse_nothing(scope: Scope, others: Sequence[str]) -> None:
    if others:
        msg = (
            f"{scope} holds no table with rows of its own, only views, external tables or snapshots "
            f"({', '.join(others[:3])}); write a source with a query, or name another"
        )
        raise FailedError(msg)
    what = f"no table {scope.table}" if scope.table is not None else "no tables"
    msg = f"{scope} holds {what}; check the name"
    raise NotFoundError(msg)
