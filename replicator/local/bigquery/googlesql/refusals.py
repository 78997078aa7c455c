"""Refusals that say where in the text they are about."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.errors import BigQueryError, unmodelled

PLACE: Final = "googlesql_place"


def place(node: exp.Expr | None) -> str:
    """`` at [line:column]`` of the first position known at or below ``node``, or nothing."""
    if node is not None:
        for inner in node.walk():
            found = inner.meta_get(PLACE)
            if found is not None:
                return f" at [{found[0]}:{found[1]}]"
    return ""


def refused(node: exp.Expr | None, message: str) -> BigQueryError:
    """GoogleSQL does not accept this: BigQuery's own sentence, with the position of ``node``."""
    return BigQueryError("invalidQuery", message + place(node), location="query")


def unknown(node: exp.Expr | None, what: str) -> BigQueryError:
    """GoogleSQL may well accept this, and it is not modelled here."""
    return unmodelled(what + place(node))
