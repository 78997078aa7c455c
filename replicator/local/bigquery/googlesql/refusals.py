"""Refusals that say where in the text they are about."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.errors import BigQueryError, unmodelled

TEXT: Final = "googlesql_text"
"""Where the root of a tree keeps the text that it was read from."""


def place(node: exp.Expr | None) -> str:
    """`` at [line:column]`` of the first position known at or below ``node``, or nothing."""
    if node is None:
        return ""
    text = node.root().meta_get(TEXT)
    starts = (inner.meta_get("start") for inner in node.walk())
    start = next((found for found in starts if found is not None), None)
    if not isinstance(text, str) or start is None:
        return ""
    before = text[:start]
    return f" at [{before.count(chr(10)) + 1}:{start - (before.rfind(chr(10)) + 1) + 1}]"


def refused(node: exp.Expr | None, message: str) -> BigQueryError:
    """GoogleSQL does not accept this: BigQuery's own sentence, with the position of ``node``."""
    return BigQueryError("invalidQuery", message + place(node), location="query")


def unknown(node: exp.Expr | None, what: str) -> BigQueryError:
    """GoogleSQL may well accept this, and it is not modelled here."""
    return unmodelled(what + place(node))
