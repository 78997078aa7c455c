"""What a server was sent, put before GoogleSQL: what it carried out, and what it refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from replicator.local.bigquery.googlesql.calls import is_builtin
from replicator.local.bigquery.googlesql.context import Context, Typed
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.types_parser import parse_type
from replicator.local.bigquery.types import Type
from replicator.local.recorder import Statement
from tests import googlesql
from tests.captured import Captured
from tests.googlesql_engine import NOW, TestCatalog, rows_of, table

COUNTS: Final = "statements before GoogleSQL"
"""The property of a test's report that holds ``Verdict.counts``; their sum is printed at the end."""

BESIDES_GOOGLESQL: Final[Mapping[str, str]] = {
    "not modelled": r"is not modelled by the local cloud, which refuses rather than guesses",
    "a name that is taken, or not there": (
        r"^Already Exists: |^Not found: |must be qualified with a dataset|^Dataset \S+ is still in use$"
        r"|^The project \S+ has not enabled BigQuery"
        r"|^Cannot drop \S+ with DROP [A-Z ]+: it is a [A-Z_]+$|is not allowed for this operation because it is a "
        r"|, and DML over it is not allowed$|^Cannot create dataset \S+ in location"
    ),
    "a layout that tables cannot have": (
        r"^PARTITION BY .* (takes|does not take) |^CLUSTER BY names a column more than once$|^Clustering is by at most"
        r"|cannot be clustered by$|^Value of type \S+ cannot be assigned to STRING|^Duplicate option specified"
        r"|^Cannot add REQUIRED column|^Cannot (drop|rename) column \S+: it is used for (partitioning|clustering)$"
    ),
    "rows that a table does not take": (
        r"^Required field \S+ cannot be null$|^UPDATE/MERGE must match at most one source row"
        r"|^Cannot query over table \S+ without a filter|would affect rows in the streaming buffer"
    ),
    "a job's destination": (
        r"^Provided Schema does not match Table|^CREATE TABLE (columns must be named|has columns with duplicate name)"
        r"|^Some rows belong to different partitions|^Invalid partition id|artitioning specification"
    ),
    "a limit": (
        r"^Too many partitions produced by query|would have \d+ partitions|attempted to read too many tables"
        r"|^The query references \d+ tables|^A transaction can (change|perform) at most"
    ),
    "the past": r"^Invalid snapshot time |at more than one point in time$|must be a constant expression, and not NULL",
    "what a materialized view may be": r"^Materialized view query ",
    "a transaction's rules": r" not supported in a transaction\b|^Transaction is aborted due to concurrent update",
    "files": (
        r"^Error while reading data, |^Operation cannot be performed on a nested schema|^Cannot load CSV data with"
        r"|is not empty; set option overwrite|must be a wildcard URI|^Option \w+ is required in "
        r"|^Duplicate column names in the result|^Cannot read and write in different locations"
        r"|^Invalid Google Cloud Storage URI|^\w+ files are compressed by one of "
    ),
    "a value": r"^division by zero|^Assertion failed: ",
    "stopped": r"^Job execution was cancelled",
    "made to fail": r"^(told|told to fail|Try again\.)$",
}
"""Why the service refuses what GoogleSQL accepts: each reason, and the messages that give it."""

_AGREED: Final[set[str]] = set()
"""Statements of this process that were judged; the same one under the same schemas is judged once."""

_FUNCTION: Final = re.compile(r"function not found: (\S+?)(;|$)", re.IGNORECASE)
"""What GoogleSQL says of functions of the user's, of which it is told nothing; they have tests of their own."""

_DIFFERS_EACH_TIME: Final = re.compile(r"\b(CURRENT_\w+|GENERATE_UUID|RAND|SESSION_USER)\b", re.IGNORECASE)


@dataclass
class Verdict:
    """What GoogleSQL says of statements.

    Attributes:
        wrong: Each statement that it sees otherwise, with what it says.
        counts: How many were ``accepted by both``, ``refused by both``, or refused here for which other reason.
    """

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judged(statements: Iterable[Statement]) -> Verdict:
    """Each statement before GoogleSQL, which has to take it with the same types and values, or refuse it too.

    What is refused here and not there is so for a reason that is no matter of GoogleSQL's.
    """
    verdict = Verdict()
    for statement in statements:
        same = replace(statement, at=0.0, job_id="")
        if repr(same) in _AGREED:
            continue
        reason, said = _refused(statement) if statement.error else ("accepted by both", _said(statement))
        function = _FUNCTION.search(said)
        if function and not is_builtin(function[1]):
            verdict.counts["functions of the user's"] += 1
        elif said:
            verdict.wrong.append(f"{statement.text}\n    {said}")
        else:
            verdict.counts[reason] += 1
            _AGREED.add(repr(same))
    return verdict


def _refused(statement: Statement) -> tuple[str, str]:
    try:
        _captured(statement).check()
        text = f"SELECT ({statement.text})" if statement.kind == "EXPRESSION" else statement.text
        if text.lstrip().upper().startswith("SELECT") and not statement.relations:
            googlesql.answer(text)
    except googlesql.RefusedError:
        return "refused by both", ""
    for reason, messages in BESIDES_GOOGLESQL.items():
        if re.search(messages, statement.error):
            return reason, ""
    return "", f"accepted, and here: {statement.error}"


def _said(statement: Statement) -> str:
    taken = _captured(statement)
    try:
        columns = taken.check()
    except googlesql.RefusedError as error:
        return str(error)
    if statement.kind != "SELECT":
        return ""
    theirs = [str(kind) for _, kind in columns]
    ours = [str(kind) for _, kind in analyze_query(statement.text, _context(taken)).columns]
    if theirs != ours:
        return f"{theirs} are {ours}"
    given = statement.relations or taken.parameters or taken.variables or taken.system
    return "" if given or _DIFFERS_EACH_TIME.search(statement.text) else _valued(statement.text)


def _valued(sql: str) -> str:
    try:
        kinds, expected = googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)
    try:
        rows = rows_of(analyze_query(sql, Context(TestCatalog({}), NOW, "acme")))
    except BigQueryError as error:
        return error.message
    theirs, ours = (
        sorted(repr([googlesql.shown(cell, kind) for cell, kind in zip(row, kinds, strict=True)]) for row in answer)
        for answer in (expected, rows)
    )
    return "" if theirs == ours else f"{expected} is {rows}"


def _captured(statement: Statement) -> Captured:
    return Captured(
        statement.text,
        statement.kind,
        _types(statement.parameters),
        _types(statement.variables),
        {name: _type(kind) for name, kind in statement.system.items() if f"@@{name}" in statement.text.lower()},
        _tables(statement),
        _type(statement.wanted) if statement.wanted else None,
        statement.error,
    )


def _tables(statement: Statement) -> tuple[googlesql.Table, ...]:
    """What it met, and by its name alone what lies in its default dataset or project."""
    found = {
        name: googlesql.Table(name, _columns(relation.columns), _columns(relation.pseudo))
        for name, relation in statement.relations.items()
    }
    for prefix in (f"{statement.default_dataset}.", f"{statement.project}."):
        short = {n.removeprefix(prefix): one for n, one in found.items() if n.startswith(prefix)}
        found = {name: replace(one, name=name) for name, one in short.items()} | found
    return tuple(found.values())


def _context(taken: Captured) -> Context:
    tables = {one.name.rpartition(".")[2]: table(dict((*one.columns, *one.pseudo))) for one in taken.tables}
    positional = [Typed(kind, None) for name, kind in taken.parameters.items() if name.isdigit()]
    return Context(
        TestCatalog(tables),
        NOW,
        "acme",
        "ds",
        named=_stand_ins({name: kind for name, kind in taken.parameters.items() if not name.isdigit()}),
        positional=positional,
        variables=_stand_ins(taken.variables),
        system=_stand_ins(taken.system),
    )


def _stand_ins(kinds: Mapping[str, Type]) -> dict[str, Typed]:
    """NULL for each; a time for TIMESTAMP, which FOR SYSTEM_TIME AS OF wants to know."""
    return {name.lower(): Typed(kind, NOW if kind.name == "TIMESTAMP" else None) for name, kind in kinds.items()}


def _types(told: Mapping[str, str]) -> dict[str, Type]:
    return {name: _type(kind) for name, kind in told.items()}


def _columns(told: Any) -> tuple[tuple[str, Type], ...]:
    return tuple((name, _type(kind)) for name, kind in told)


def _type(text: str) -> Type:
    return parse_type(Source(text, 0, len(text)))
