"""CONCAT, which takes for texts what can be cast to them.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#concat
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.functions.rules import rule
from replicator.local.bigquery.googlesql.functions.strings import STRINGS
from replicator.local.bigquery.googlesql.functions.table import call
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import STRING, Names, Origin, Value

_CAST: Final = frozenset(
    {"BIGNUMERIC", "BOOL", "DATE", "DATETIME", "FLOAT64", "INT64", "NUMERIC", "STRING", "TIME", "TIMESTAMP"}
)


def as_texts(values: Sequence[Value], names: Names, node: exp.Expr) -> list[Value]:
    """The values cast to STRING where each of them can be; as they are where one is of a type that cannot."""
    if any(value.type.name not in _CAST for value in values if value.origin is not Origin.NULL):
        return list(values)
    return [
        value if value.origin is Origin.NULL or value.type == STRING else cast(value, STRING, names, node)
        for value in values
    ]


@rule("CONCAT")
def _concat(resolver: Resolver, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    values = as_texts([resolver.value(argument) for argument in node.expressions], names, node)
    return call("function CONCAT", STRINGS["CONCAT"], values, names, node)
