"""What sqlglot's trees may hold and GoogleSQL's may not."""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.refusals import refused
from replicator.schema.identifiers import RESERVED


def check_tree(tree: exp.Expr) -> None:
    """Refuse what reads well and is no GoogleSQL all the same.

    Raises:
        BigQueryError: invalidQuery, with the position.
    """
    for node in tree.find_all(exp.Identifier, exp.Anonymous, exp.Select, exp.DataType):
        if isinstance(node, exp.Identifier):
            _check_name(node)
        elif isinstance(node, exp.Anonymous):
            _check_arguments(node)
        elif isinstance(node, exp.DataType):
            _check_type(node)
        elif not node.expressions:
            raise refused(node, "Syntax error: SELECT list must not be empty")
        elif node.args.get("distinct") and node.args.get("from_") is None:
            raise refused(node, "Query without FROM clause cannot use SELECT DISTINCT")


def _check_name(node: exp.Identifier) -> None:
    # sqlglot takes most keywords for names; GoogleSQL does so behind a dot only.
    if node.args.get("quoted") or node.name.upper() not in RESERVED:
        return
    parent = node.parent
    called = isinstance(parent, exp.Anonymous)
    behind = isinstance(parent, exp.Dot) and node.arg_key == "expression"
    within = isinstance(parent, exp.Column | exp.Table) and parent.parts[0] is not node
    if not (called or behind or within):
        raise refused(node, f"Syntax error: Unexpected keyword {node.name.upper()}")


def _check_arguments(call: exp.Anonymous) -> None:
    # Brackets of a function's own are none around a query.
    for argument in call.expressions:
        if isinstance(argument, exp.Query) and not isinstance(argument, exp.Subquery):
            raise refused(argument, "Each function argument is an expression, not a query")


def _check_type(node: exp.DataType) -> None:
    inner = node.expressions[0] if node.this is exp.DType.ARRAY and node.expressions else None
    if isinstance(inner, exp.DataType) and inner.this is exp.DType.ARRAY:
        raise refused(node, "Arrays of arrays are not supported")
