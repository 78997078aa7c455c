"""Carrying out CREATE FUNCTION, CREATE TABLE FUNCTION and their DROPs.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.googlesql.calls import is_builtin
from replicator.local.bigquery.googlesql.catalog import Function
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.analysis import check_function
from replicator.local.bigquery.statements.frame import STRING
from replicator.local.bigquery.statements.options import Evaluate
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.storage.routines import RoutineRef, duplicate_routine, routine_not_found
from replicator.local.bigquery.storage.store import Transaction
from replicator.names import DATASET, PROJECT

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

ROUTINE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_KIND: Final = {False: "FUNCTION", True: "TABLE_FUNCTION"}
_FULL: Final = 3


def create_function(
    engine: Engine, transaction: Transaction, statement: ddl.CreateFunction, evaluate: Evaluate
) -> Outcome:
    """Make a function, temporary or in a dataset.

    Raises:
        BigQueryError: Its name is taken, or its body is no GoogleSQL.
    """
    kind = f"CREATE_{_KIND[statement.tabular]}"
    if statement.temporary:
        return _create_temporary(engine, transaction, statement, kind)
    ref = _named(engine, statement.path)
    engine.session.in_location(transaction, ref.parent)
    existing = transaction.find_routine(ref)
    if existing is not None and statement.existing is ddl.Existing.KEPT:
        return Outcome(kind, operation="SKIP", target=ref)
    if existing is not None and statement.existing is ddl.Existing.REFUSED:
        raise duplicate_routine(ref)
    function = Function(
        str(ref), statement.parameters, statement.returns, statement.body.text, statement.tabular, ref.project
    )
    description = None
    for name, source in statement.options:
        if name != "description":
            what = f"the option {name} of a function"
            raise unmodelled(what)
        description = evaluate(source, STRING)
    check_function(engine.session, transaction, function)
    transaction.keep_routine(ref, function, description=description)
    return Outcome(kind, operation="CREATE" if existing is None else "REPLACE", target=ref)


def _create_temporary(engine: Engine, transaction: Transaction, statement: ddl.CreateFunction, kind: str) -> Outcome:
    if len(statement.path) != 1:
        name = ".".join(statement.path)
        refuse("invalidQuery", f"Temporary functions cannot have a qualified name: {name}", location="query")
    [name] = statement.path
    if is_builtin(name):
        refuse("invalidQuery", f"A function named {name} exists already", location="query")
    known = engine.session.functions
    if name.lower() in known and statement.existing is ddl.Existing.REFUSED:
        refuse("invalidQuery", f"Function {name} already exists in the session", location="query")
    if name.lower() in known and statement.existing is ddl.Existing.KEPT:
        return Outcome(kind, operation="SKIP")
    function = Function(name, statement.parameters, statement.returns, statement.body.text)
    check_function(engine.session, transaction, function)
    known[name.lower()] = function
    return Outcome(kind, operation="CREATE")


def drop_function(engine: Engine, transaction: Transaction, statement: ddl.DropFunction) -> Outcome:
    """Drop a function.

    Raises:
        BigQueryError: There is none, or it is of the other kind.
    """
    kind = f"DROP_{_KIND[statement.tabular]}"
    if len(statement.path) == 1 and engine.session.functions.pop(statement.path[0].lower(), None) is not None:
        return Outcome(kind, operation="DROP")
    ref = _named(engine, statement.path)
    found = None
    try:
        engine.session.in_location(transaction, ref.parent)
        found = transaction.find_routine(ref)
    except BigQueryError as error:
        if not (statement.if_exists and error.reason == "notFound"):
            raise
    if found is None:
        if statement.if_exists:
            return Outcome(kind, operation="SKIP", target=ref)
        raise routine_not_found(ref)
    if (found["routineType"] == "TABLE_VALUED_FUNCTION") != statement.tabular:
        refuse("invalid", f"Cannot drop {ref} with {kind.replace('_', ' ')}: it is a {found['routineType']}")
    transaction.drop_routine(ref)
    return Outcome(kind, operation="DROP", target=ref)


def _named(engine: Engine, path: tuple[str, ...]) -> RoutineRef:
    setting, default = engine.session.setting, engine.session.default_dataset
    if len(path) == 1:
        if default is None:
            refuse(
                "invalidQuery",
                f"Routine name {path[0]} missing dataset while no default dataset is set",
                location="query",
            )
        path = (default.project, default.dataset, path[0])
    if len(path) == _FULL - 1:
        path = (setting.project, *path)
    valid = len(path) == _FULL and PROJECT.fullmatch(path[0]) and DATASET.fullmatch(path[1])
    if not valid or not ROUTINE.fullmatch(path[-1]):
        refuse("invalidQuery", f"Invalid routine name: {'.'.join(path)}", location="query")
    return RoutineRef(*path)
