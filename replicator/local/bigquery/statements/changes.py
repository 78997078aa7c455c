"""Carrying out DML.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.googlesql.context import Scan
from replicator.local.bigquery.statements import composition, dml
from replicator.local.bigquery.statements.analysis import Columns, ComputedRelation, Prepared
from replicator.local.bigquery.statements.billing import read_once, tables_of, whole_bytes
from replicator.local.bigquery.statements.composition import Hits, Subject
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.dml_parser import parse_dml
from replicator.local.bigquery.statements.frame import Frame, unplaced
from replicator.local.bigquery.statements.outcome import Changes, Outcome
from replicator.local.bigquery.storage.definitions import Kind
from replicator.local.bigquery.storage.relations import TableRelation
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

_POSITION: Final = (("_FRAGMENT", Type("STRING")), ("_ROW", Type("INT64")))
_SOURCE_POSITION: Final = ("_POSITION", Type("INT64"))


def run_dml(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """Carry out an INSERT, UPDATE, DELETE, MERGE or TRUNCATE.

    Raises:
        BigQueryError: It could not be, and nothing of it was.
    """
    statement = parse_dml(source)
    path = statement.path if isinstance(statement, dml.Insert | dml.Truncate) else statement.target.path
    ref = engine.session.table(path)
    appends = isinstance(statement, dml.Insert)
    with engine.session.transaction(mutates=None if appends else ref) as (transaction, own):
        subject = _subject(engine, transaction, ref, statement)
        match statement:
            case dml.Insert():
                outcome = _insert(engine, transaction, statement, subject, frame)
            case dml.Truncate():
                size = transaction.table(ref).rows
                transaction.truncate(ref)
                outcome = Outcome("TRUNCATE_TABLE", changes=Changes(deleted=size), target=ref)
            case dml.Update():
                hits = [composition.update_hits(statement, subject)]
                outcome = _rewrite(engine, transaction, "UPDATE", hits, subject, frame, {})
            case dml.Delete():
                hits = [composition.delete_hits(statement, subject)]
                outcome = _rewrite(engine, transaction, "DELETE", hits, subject, frame, {})
            case dml.Merge():
                outcome = _merge(engine, transaction, statement, subject, frame)
        if own:
            engine.finishing(outcome, transaction)
            transaction.commit()
    return outcome


def describe_dml(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """What a DML statement would read and write again: all of the partitions that it scans.

    Raises:
        BigQueryError: What it would be refused with before it runs.
    """
    statement = parse_dml(source)
    path = statement.path if isinstance(statement, dml.Insert | dml.Truncate) else statement.target.path
    ref = engine.session.table(path)
    kind = type(statement).__name__.upper()
    with engine.session.transaction() as (transaction, _):
        subject = _subject(engine, transaction, ref, statement)
        table = transaction.table(ref)
        match statement:
            case dml.Truncate():
                return Outcome("TRUNCATE_TABLE", target=ref)
            case dml.Insert():
                prepared = _inserted(engine, transaction, statement, subject, frame)
                return Outcome(kind, read=prepared.read, tables=prepared.tables, target=ref)
            case dml.Update():
                scans = _scans_of(engine, transaction, [composition.update_hits(statement, subject)], frame, {})
            case dml.Delete():
                scans = _scans_of(engine, transaction, [composition.delete_hits(statement, subject)], frame, {})
            case dml.Merge():
                scans = _described_merge(engine, transaction, statement, subject, frame)
        again = 0
        if not isinstance(statement, dml.Merge) or _changes_rows(statement):
            again = table.bytes if table.definition.partitioning is None else whole_bytes(scans, ref)
        if isinstance(statement, dml.Delete) and _removes_partitions(scans):
            return Outcome(kind, tables=tables_of(scans), target=ref)
        read = read_once(scans)
        read[str(ref)] += again
        return Outcome(kind, read=read, tables=tables_of(scans), target=ref)


def _scans_of(
    engine: Engine,
    transaction: Transaction,
    hits: Sequence[Hits],
    frame: Frame,
    computed: Mapping[str, ComputedRelation],
) -> list[Scan]:
    scans: list[Scan] = []
    for each in hits:
        wanted = list(_POSITION) if each.removes else []
        wanted += [(field.name, type_of(field)) for field in each.columns]
        # The whole of it is analysed for its mistakes; what is billed is another matter.
        _composed(engine, transaction, each.query, frame=frame, computed=computed, wanted=wanted)
        scans += _composed(engine, transaction, each.reads, frame=frame, computed=computed).scans
    return scans


def _described_merge(
    engine: Engine, transaction: Transaction, statement: dml.Merge, subject: Subject, frame: Frame
) -> list[Scan]:
    _check_merge(frame)
    source = composition.merge_source(statement)
    prepared = _composed(engine, transaction, source.query, frame=frame)
    relation = ComputedRelation("described", prepared.columns, pseudo=(_SOURCE_POSITION,))
    computed = {
        composition.MERGE_SOURCE: relation,
        composition.UNMATCHED_SOURCE: relation,
        composition.MATCHED_TARGET: ComputedRelation("described", _POSITION),
    }
    scans = list(prepared.scans)
    pairs = composition.merge_pairs(statement, subject, source)
    if pairs is not None:
        scans += _composed(engine, transaction, pairs, frame=frame, computed=computed).scans
    names = [name for name, _ in prepared.columns]
    hits = list(composition.merge_hits(statement, subject, source, names))
    return scans + _scans_of(engine, transaction, hits, frame, computed)


def _removes_partitions(scans: Sequence[Scan]) -> bool:
    """Whether a DELETE takes whole partitions out by constants, without reading them.

    https://docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#using_dml_delete_to_delete_partitions
    """
    if len(scans) != 1 or not scans[0].exact:
        return False
    relation = scans[0].relation
    return isinstance(relation, TableRelation) and relation.covered(tuple(scans[0].prune))


def _check_merge(frame: Frame) -> None:
    if frame.parameters.positional:
        # Its parts are analysed one by one, and the condition more than once: the marks could not be counted.
        what = "MERGE with positional parameters (named ones are)"
        raise unmodelled(what)


def _changes_rows(statement: dml.Merge) -> bool:
    return any(not isinstance(clause.action, dml.InsertRow) for clause in statement.clauses)


def _subject(engine: Engine, transaction: Transaction, ref: TableRef, statement: dml.Dml) -> Subject:
    engine.session.in_location(transaction, ref.parent)
    if ref.table.endswith("*"):
        # querying-wildcard-tables: a wildcard is no target of DML.
        refuse("invalidQuery", f"Wildcard table {ref} cannot be the target of DML", location="query")
    table = transaction.table(ref)
    if table.definition.kind is not Kind.TABLE:
        msg = f"{ref} is a {table.definition.kind.told}, and DML over it is not allowed"
        refuse("invalidQuery", msg, location="query")
    engine.session.meet_table(transaction, ref)
    alias = ref.table if isinstance(statement, dml.Insert | dml.Truncate) else statement.target.alias
    return Subject(ref, table.definition.fields, alias)


def _insert(engine: Engine, transaction: Transaction, statement: dml.Insert, subject: Subject, frame: Frame) -> Outcome:
    given = composition.insert_columns(statement.columns, subject.fields)
    prepared = _inserted(engine, transaction, statement, subject, frame)
    select = _whole_rows(prepared.sql, given, subject.fields)
    written = _append(engine, transaction, subject.ref, select)
    return Outcome(
        "INSERT",
        changes=Changes(inserted=written),
        read=prepared.read,
        tables=prepared.tables,
        target=subject.ref,
    )


def _inserted(
    engine: Engine, transaction: Transaction, statement: dml.Insert, subject: Subject, frame: Frame
) -> Prepared:
    given = composition.insert_columns(statement.columns, subject.fields)
    wanted = [(field.name, type_of(field)) for field in given]
    texts = composition.insert_queries(statement, subject)
    prepare = engine.prepare if statement.query is not None else partial(_composed, engine)
    return prepare(transaction, *texts, frame=frame, wanted=wanted)


def _whole_rows(select: str, given: Sequence[Field], fields: Sequence[Field]) -> str:
    names = {field.name for field in given}
    items = [
        duckdb_name(field.name)
        if field.name in names
        else f"CAST(NULL AS {duckdb_type(type_of(field))}) AS {duckdb_name(field.name)}"
        for field in fields
    ]
    return f"SELECT {', '.join(items)} FROM ({select})"


def _append(engine: Engine, transaction: Transaction, ref: TableRef, select: str) -> int:
    with engine.computing():
        return transaction.append(ref, select, engine.session.connection).rows


def _merge(engine: Engine, transaction: Transaction, statement: dml.Merge, subject: Subject, frame: Frame) -> Outcome:
    _check_merge(frame)
    source = composition.merge_source(statement)
    prepared = _composed(engine, transaction, source.query, frame=frame)
    scratch = engine.session.scratch()
    engine.compute(
        f"CREATE TEMP TABLE {scratch} AS SELECT *, row_number() OVER () AS _POSITION FROM ({prepared.named()})"
    )
    relation = ComputedRelation(scratch, prepared.columns, pseudo=(_SOURCE_POSITION,))
    computed = {composition.MERGE_SOURCE: relation, composition.UNMATCHED_SOURCE: relation}
    names = [name for name, _ in prepared.columns]
    pairs, scans = None, list(prepared.scans)
    text = composition.merge_pairs(statement, subject, source)
    if text is not None:
        pairs, matching = _pairs(engine, transaction, text, frame, computed)
        scans += matching
        unmatched = f"(SELECT * FROM {scratch} WHERE _POSITION NOT IN (SELECT _POSITION FROM {pairs}))"
        computed[composition.UNMATCHED_SOURCE] = ComputedRelation(unmatched, prepared.columns)
        matched = f"(SELECT DISTINCT _FRAGMENT, _ROW FROM {pairs})"
        computed[composition.MATCHED_TARGET] = ComputedRelation(matched, _POSITION)
    hits = list(composition.merge_hits(statement, subject, source, names))
    outcome = _rewrite(engine, transaction, "MERGE", hits, subject, frame, computed, scans)
    for name in (scratch, pairs):
        if name is not None:
            engine.compute(f"DROP TABLE {name}")
    return outcome


def _pairs(
    engine: Engine, transaction: Transaction, query: str, frame: Frame, computed: dict[str, ComputedRelation]
) -> tuple[str, tuple[Scan, ...]]:
    wanted = (*_POSITION, _SOURCE_POSITION)
    prepared = _composed(engine, transaction, query, frame=frame, computed=computed, wanted=wanted)
    pairs = engine.session.scratch()
    engine.compute(f"CREATE TEMP TABLE {pairs} AS {prepared.sql}")
    return pairs, prepared.scans


def _composed(
    engine: Engine,
    transaction: Transaction,
    *texts: str,
    frame: Frame,
    computed: Mapping[str, ComputedRelation] | None = None,
    wanted: Columns | None = None,
) -> Prepared:
    try:
        return engine.prepare(transaction, *texts, frame=frame, computed=computed, wanted=wanted)
    except BigQueryError as error:
        raise unplaced(error) from error


def _rewrite(
    engine: Engine,
    transaction: Transaction,
    kind: str,
    hits: Sequence[Hits],
    subject: Subject,
    frame: Frame,
    computed: dict[str, ComputedRelation],
    others: Sequence[Scan] = (),
) -> Outcome:
    """Take rows out and put rows in; ``others`` is what was read on the way to ``hits``."""
    table = transaction.table(subject.ref)
    scratches = [_computed_hits(engine, transaction, each, frame, computed) for each in hits]
    _match_once(engine, [name for name, _, each in scratches if each.matched])
    removed = " UNION ALL ".join(f"SELECT _FRAGMENT, _ROW FROM {n}" for n, _, each in scratches if each.removes)
    columns = ", ".join(duckdb_name(field.name) for field in subject.fields)
    added = " UNION ALL ".join(f"SELECT {columns} FROM {n}" for n, _, each in scratches if each.adds)
    counts = {"inserted": 0, "updated": 0, "deleted": 0}
    for name, _, each in scratches:
        counts[each.effect] += int(str(engine.compute(f"SELECT count(*) FROM {name}")[0][0]))
    # dml-syntax: what is read, and the table as it was; of a partitioned one, the partitions that are updated.
    scans = [*others, *(scan for _, prepared, _ in scratches for scan in prepared.scans)]
    read, again = read_once(scans), 0
    whole = kind == "DELETE" and _removes_partitions(scans)
    if table.definition.partitioning is None and any(each.removes for each in hits):
        again = table.bytes
    with engine.computing():
        if counts["updated"] or counts["deleted"]:
            rewritten = transaction.rewrite(subject.ref, removed, added or None, engine.session.connection)
            again = again or rewritten.touched_bytes
        elif counts["inserted"]:
            transaction.append(subject.ref, added, engine.session.connection)
    for name, _, _ in scratches:
        engine.compute(f"DROP TABLE {name}")
    read[str(subject.ref)] += again
    if whole:
        read.clear()
    return Outcome(kind, changes=Changes(**counts), read=read, tables=tables_of(scans), target=subject.ref)


def _computed_hits(
    engine: Engine,
    transaction: Transaction,
    hits: Hits,
    frame: Frame,
    computed: dict[str, ComputedRelation],
) -> tuple[str, Prepared, Hits]:
    wanted = list(_POSITION) if hits.removes else []
    wanted += [(field.name, type_of(field)) for field in hits.columns]
    prepared = _composed(engine, transaction, hits.query, frame=frame, computed=computed, wanted=wanted)
    billed = prepared
    if hits.reads != hits.query:
        billed = _composed(engine, transaction, hits.reads, frame=frame, computed=computed)
    scratch = engine.session.scratch()
    engine.compute(f"CREATE TEMP TABLE {scratch} AS {prepared.sql}")
    return scratch, billed, hits


def _match_once(engine: Engine, scratches: Sequence[str]) -> None:
    if not scratches:
        return
    union = " UNION ALL ".join(f"SELECT _FRAGMENT, _ROW FROM {name}" for name in scratches)
    twice = engine.compute(f"SELECT 1 FROM ({union}) GROUP BY _FRAGMENT, _ROW HAVING count(*) > 1 LIMIT 1")
    if twice:
        msg = "UPDATE/MERGE must match at most one source row for each target row"
        refuse("invalidQuery", msg, location="query")
