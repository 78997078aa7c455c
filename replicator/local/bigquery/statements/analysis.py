"""The way from GoogleSQL's text to DuckDB's, through the analysis of queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from replicator import limits
from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.googlesql.analysis import Statement, analyze_query
from replicator.local.bigquery.googlesql.catalog import Column, Constant, Function, Prune, Relation
from replicator.local.bigquery.googlesql.context import Context, Scan
from replicator.local.bigquery.statements.billing import read_bytes, tables_of
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.frame import Frame
from replicator.local.bigquery.storage.relations import TableRelation, ViewRelation
from replicator.local.bigquery.storage.routines import RoutineRef, read_routine
from replicator.local.bigquery.storage.wildcards import check_filled
from replicator.local.bigquery.types import Type, duckdb_name
from replicator.names import TableRef

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.session import Session
    from replicator.local.bigquery.storage.store import Transaction

Columns: TypeAlias = Sequence[tuple[str, Type]]
_DEEPEST_VIEW: Final = 16
_ROUTINE_PARTS: Final = 3
_USER: Final = "local@replicator.invalid"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that has been analysed.

    Attributes:
        sql: DuckDB's; its columns are called as ``columns`` when types were wanted, and ``c1``, ``c2``, … otherwise.
        columns: Names and types.
        unnamed: The positions of the columns that have no name of their own, from 0.
        read: Logical bytes of the columns it reads, in the partitions that are left after pruning, by table.
        tables: What it reads.
        scans: Each reading of a relation, from which bytes and tables are counted.
        constant: The value of an expression, where it need not be computed.
    """

    sql: str
    columns: tuple[tuple[str, Type], ...]
    unnamed: frozenset[int]
    read: Mapping[str, int]
    tables: tuple[TableRef, ...]
    scans: tuple[Scan, ...]
    constant: Constant | None = None

    def named(self) -> str:
        """The SQL with its columns called as ``columns``, where no two share a name."""
        called = ", ".join(duckdb_name(name) for name, _ in self.columns)
        return f"SELECT * FROM ({self.sql}) AS q({called})"


class ComputedRelation:
    """What a statement has computed into a DuckDB table, as a relation."""

    def __init__(self, table: str, columns: Columns, *, pseudo: Columns = ()) -> None:
        self._table = table
        self.columns = (
            *(Column(name, kind) for name, kind in columns),
            *(Column(name, kind, pseudo=True) for name, kind in pseudo),
        )
        self.prunable: frozenset[str] = frozenset()
        self.referenced: tuple[TableRef, ...] = ()

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A SELECT of these columns."""
        del prune
        names = ", ".join(duckdb_name(name) for name in sorted(columns)) or "1 AS one"
        return f"(SELECT {names} FROM {self._table})"

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:
        """Nothing: what it was computed from has been counted."""
        del columns, prune
        return {}


class ViewSubquery:
    """A view, as the subquery that it stands for."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self.columns = tuple(Column(name, kind) for name, kind in prepared.columns)
        self.prunable: frozenset[str] = frozenset()
        self.referenced = prepared.tables
        self.scans = prepared.scans

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A SELECT of these columns."""
        del prune
        names = ", ".join(duckdb_name(name) for name in sorted(columns)) or "1 AS one"
        return f"(SELECT {names} FROM ({self._prepared.sql}))"

    def measure(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> Mapping[str, int]:
        """What the view's query reads."""
        del columns, prune
        return self._prepared.read


class Names:
    """The catalog as a statement sees it: what it has computed and temporary tables come first, views are opened."""

    def __init__(
        self, session: Session, transaction: Transaction, computed: Mapping[str, ComputedRelation], depth: int
    ) -> None:
        self._session = session
        self._transaction = transaction
        self._computed = computed
        self._depth = depth
        self._catalog = transaction.catalog(location=session.setting.location)
        self.temporary = session.temporary_tables | frozenset(computed)

    def relation(self, path: tuple[str, ...], *, system_time: datetime | None = None) -> Relation:
        """The relation of that name.

        Raises:
            BigQueryError: There is none, or it cannot be read.
        """
        if path[-1] in self._computed:
            return self._computed[path[-1]]
        if len(path) == 1 or path[0].upper() == "_SESSION":
            ref = self._session.table(path)
            path = (ref.project, ref.dataset, ref.table)
        self._session.check_moment(path, system_time)
        relation: Relation = self._catalog.relation(path, system_time=system_time)
        if isinstance(relation, ViewRelation):
            relation = self._opened(relation)
        elif isinstance(relation, TableRelation) and relation.wildcard:
            self._check_wildcard(relation)
        if self._depth == 0:
            # What a view's own text names is no part of the statement.
            self._session.meet(path, relation.columns)
        return relation

    def function(self, path: tuple[str, ...]) -> Function | None:
        """The function of the user's of that name; of one part it is the script's own.

        Raises:
            BigQueryError: Its dataset is not there, or the caller may not see it.
        """
        if len(path) == 1:
            return self._session.functions.get(path[0].lower()) if self._depth == 0 else None
        if len(path) > _ROUTINE_PARTS:
            return None
        project = path[0] if len(path) == _ROUTINE_PARTS else self._session.setting.project
        ref = RoutineRef(project, path[-2], path[-1])
        if self._transaction.find_dataset(ref.parent) is None:
            return None
        self._session.in_location(self._transaction, ref.parent)
        resource = self._transaction.find_routine(ref)
        return None if resource is None else read_routine(resource, ref)[0]

    def _check_wildcard(self, relation: TableRelation) -> None:
        unsettled = self._session.setting.unsettled
        if self._session.in_transaction and not unsettled.wildcards_in_transactions:
            # transactions: wildcard tables are not among what a transaction is said to support.
            msg = "Wildcard tables are not supported in a transaction"
            refuse("invalidQuery", msg, location="query")
        if not unsettled.wildcards_fill_nested_fields:
            check_filled(relation.reference, [shard.table for shard in relation.shards])

    def _opened(self, view: ViewRelation) -> ViewSubquery:
        if self._depth >= _DEEPEST_VIEW:
            refuse("invalidQuery", f"Not allowed: more than {_DEEPEST_VIEW} levels of nested views, at {view.ref}")
        names = Names(self._session, self._transaction, {}, self._depth + 1)
        context = replace(_context(self._session, names, Frame()), project=view.ref.project, dataset=None)
        analyzed = analyze_query(view.query, context)
        columns = analyzed.columns
        sql = f"SELECT * FROM ({analyzed.sql}) AS q({', '.join(duckdb_name(name) for name, _ in columns)})"
        scans = tuple(analyzed.scans)
        tables = (*tables_of(scans), view.ref)
        return ViewSubquery(Prepared(sql, columns, frozenset(), read_bytes(scans), tables, scans))


def query(
    session: Session,
    transaction: Transaction,
    texts: Sequence[str],
    frame: Frame,
    *,
    computed: Mapping[str, ComputedRelation],
    wanted: Columns | None = None,
) -> Prepared:
    """Analyse a query, or several of the same columns whose rows are put together.

    Args:
        session: Where it runs.
        transaction: What it sees.
        texts: The queries.
        frame: Parameters and variables.
        computed: Relations of the statement's own, by name.
        wanted: The names and types that its columns are coerced to as an assignment coerces, by position.

    Raises:
        BigQueryError: It is wrong, or asks for what is not modelled.
    """
    statement = Statement(_context(session, Names(session, transaction, computed, 0), frame))
    kinds = None if wanted is None else [kind for _, kind in wanted]
    made = [statement.query(text, coerced_to=kinds) for text in texts]
    columns = made[0].columns if wanted is None else tuple(wanted)
    size = len(columns)
    names = [f"c{index}" for index in range(1, size + 1)] if wanted is None else [name for name, _ in wanted]
    called = ", ".join(duckdb_name(name) for name in names)
    sql = " UNION ALL ".join(f"SELECT * FROM ({each.sql}) AS q({called})" for each in made)
    finished = statement.finish(sql)
    scans = tuple(statement.scans)
    _check_number(scans, session)
    return Prepared(finished, columns, made[0].unnamed, read_bytes(scans), tables_of(scans), scans)


def _check_number(scans: Sequence[Scan], session: Session) -> None:
    limit = limits.TABLES_PER_QUERY.value
    number = len(set(_named(scans, each_match=session.setting.unsettled.wildcard_matches_count)))
    if number > limit:
        msg = f"The query references {number} tables, views included; a query may reference at most {limit}"
        refuse("invalidQuery", msg, location="query")


def _named(scans: Iterable[Scan], *, each_match: bool) -> Iterator[object]:
    """What counts as a table that is referenced; views with what their text names (quotas: after expansion)."""
    for scan in scans:
        if isinstance(scan.relation, ViewSubquery):
            yield scan.path
            yield from _named(scan.relation.scans, each_match=each_match)
        elif isinstance(scan.relation, TableRelation):
            yield from scan.relation.referenced if each_match or not scan.relation.wildcard else (scan.path,)


def expression(
    session: Session, transaction: Transaction, source: Source, frame: Frame, wanted: Type | None
) -> Prepared:
    """Analyse an expression as a query of one row and one column.

    Raises:
        BigQueryError: It is wrong, asks for what is not modelled, or does not coerce to ``wanted``.
    """
    statement = Statement(_context(session, Names(session, transaction, {}, 0), frame))
    made = statement.expression(source.placed, coerced_to=wanted)
    scans = tuple(statement.scans)
    sql = f"SELECT {statement.finish(made.sql)} AS c1"
    columns = (("", made.type),)
    return Prepared(sql, columns, frozenset({0}), read_bytes(scans), tables_of(scans), scans, made.constant)


def _context(session: Session, names: Names, frame: Frame) -> Context:
    setting, default = session.setting, session.default_dataset
    return Context(
        catalog=names,
        now=setting.now(),
        project=setting.project,
        dataset=None if default is None else default.dataset,
        default_project=None if default is None else default.project,
        named=frame.parameters.named,
        positional=frame.parameters.positional,
        variables=frame.variables,
        system=frame.system,
        session_user=_USER,
        temporary=names.temporary,
        routines=names,
    )


def check_function(session: Session, transaction: Transaction, function: Function) -> None:
    """Assert that a function's body is GoogleSQL; where a type is open that is known at a call only.

    Raises:
        BigQueryError: It is not, or asks for what is not modelled.
    """
    if any(kind is None for _, kind in function.parameters):
        return
    statement = Statement(replace(_context(session, Names(session, transaction, {}, 0), Frame()), variables={}))
    statement.check_function(function)
