"""What the target must hold, worked out in plain Python from what was put in.

Nothing here looks at the product: a rule is a handful of plain values, a row is a dict, and an expected row
is built field by field along the target's schema. So an error that the product makes anywhere is not made here too.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from replicator.demo.data import Table
from replicator.demo.rows import Row, Value
from replicator.schema.fields import Field, Mode


@dataclass(frozen=True, slots=True)
class Rule:
    """How one source's shards become rows of the target.

    Attributes:
        project: Whose shards they are.
        include: Globs; a dataset that fits one of them belongs to the source ...
        exclude: ... unless it fits one of these.
        prefix: What stands before the eight digits of a shard's day.
        owner: What the source column holds; None for ``<project>.<dataset>``.
        excluded: Dotted paths of fields that stay behind.
        hashed: Dotted paths of text fields that arrive as the lowercase hex of their SHA-256.
        renamed: Dotted path to the name that the field has in the target.
        where: Says of a row, as it is in the source, whether it goes along.
    """

    project: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    prefix: str = "events_"
    owner: str | None = None
    excluded: frozenset[str] = frozenset()
    hashed: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    where: Callable[[Row], bool] = lambda _: True

    def owns(self, table: Table) -> bool:
        """Whether the table is a daily shard of this source."""
        dataset = table.ref.dataset
        return (
            table.ref.project == self.project
            and any(fnmatch.fnmatchcase(dataset, glob) for glob in self.include)
            and not any(fnmatch.fnmatchcase(dataset, glob) for glob in self.exclude)
            and re.fullmatch(re.escape(self.prefix) + "[0-9]{8}", table.ref.table) is not None
        )


def expected_schema(tables: Iterable[Table], rules: Sequence[Rule]) -> tuple[Field, ...]:
    """The union, by name at every depth, of what the rules let through of these tables' schemas.

    Raises:
        ValueError: Two tables disagree on a field's type or mode.
    """
    union: tuple[Field, ...] = ()
    for table in tables:
        for rule in rules:
            if rule.owns(table):
                union = _united(union, _passed_fields(table.fields, rule, ()))
    return union


def expected_rows(
    tables: Iterable[Table], rules: Sequence[Rule], schema: tuple[Field, ...], *, day_column: str, source_column: str
) -> list[Row]:
    """Every row that the target must hold, in no particular order.

    Args:
        tables: All that lies in the sources now, in its last edition.
        rules: One per source.
        schema: The target's columns but for the two that the pipeline adds.
        day_column: Holds the day in the shard's name.
        source_column: Says where a row came from.
    """
    rows: list[Row] = []
    for table in tables:
        for rule in rules:
            if not rule.owns(table):
                continue
            day = datetime.strptime(table.ref.table[-8:], "%Y%m%d").date()  # noqa: DTZ007  # a name, not a moment
            own: Row = {day_column: day, source_column: rule.owner or f"{table.ref.project}.{table.ref.dataset}"}
            rows.extend(
                _fitted(_passed_record(row, table.fields, rule, ()), schema) | own
                for row in table.rows
                if rule.where(row)
            )
    return rows


def _united(left: tuple[Field, ...], right: tuple[Field, ...]) -> tuple[Field, ...]:
    merged = {known.name.lower(): known for known in left}
    for new in right:
        known = merged.get(new.name.lower())
        if known is None:
            merged[new.name.lower()] = new
        elif (known.type, known.mode) != (new.type, new.mode):
            msg = f"{new.name} is {new.googlesql} in one table and {known.googlesql} in another"
            raise ValueError(msg)
        else:
            merged[new.name.lower()] = replace(known, fields=_united(known.fields, new.fields))
    return tuple(merged.values())


def _passed_fields(fields: tuple[Field, ...], rule: Rule, above: tuple[str, ...]) -> tuple[Field, ...]:
    passed = []
    for child in fields:
        path = ".".join((*above, child.name))
        if path in rule.excluded:
            continue
        children = _passed_fields(child.fields, rule, (*above, child.name))
        if child.type == "RECORD" and not children:
            continue
        mode = Mode.NULLABLE if child.mode is Mode.REQUIRED else child.mode
        passed.append(Field(rule.renamed.get(path, child.name), child.type, mode, children))
    return tuple(passed)


def _passed_record(row: Mapping[str, Value], fields: tuple[Field, ...], rule: Rule, above: tuple[str, ...]) -> Row:
    """The row with what is excluded left out, what is hashed hashed, under the target's names."""
    passed: Row = {}
    for child in fields:
        path = ".".join((*above, child.name))
        if path in rule.excluded:
            continue
        passed[rule.renamed.get(path, child.name)] = _passed_value(row[child.name], child, rule, (*above, child.name))
    return passed


def _passed_value(value: Value, child: Field, rule: Rule, path: tuple[str, ...]) -> Value:
    if isinstance(value, list):
        return [_passed_value(element, child, rule, path) for element in value]
    if isinstance(value, dict):
        return _passed_record(value, child.fields, rule, path)
    if isinstance(value, str) and ".".join(path) in rule.hashed:
        return hashlib.sha256(value.encode("utf-8")).hexdigest()
    return value


def _fitted(row: Mapping[str, Value], fields: tuple[Field, ...]) -> Row:
    """The row along the target's fields: what it lacks is NULL, or an array with nothing in it."""
    return {child.name: _fitted_value(row.get(child.name), child) for child in fields}


def _fitted_value(value: Value, child: Field) -> Value:
    if child.mode is Mode.REPEATED:
        elements = value if isinstance(value, list) else []
        return [_fitted(element, child.fields) if isinstance(element, dict) else element for element in elements]
    if isinstance(value, dict):
        return _fitted(value, child.fields)
    return value
