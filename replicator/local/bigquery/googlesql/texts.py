"""Scalars as GoogleSQL prints them: DuckDB's SQL of the text, for a short expression of the value."""

from __future__ import annotations


def float_text(sql: str) -> str:
    """A FLOAT64: 15 digits, or 17 where those do not say it."""
    return (
        f"CASE WHEN isnan({sql}) THEN 'nan' WHEN isinf({sql}) THEN CASE WHEN {sql} > 0 THEN 'inf' ELSE '-inf' END "
        f"WHEN {sql} = 0 THEN '0' "
        f"WHEN CAST(printf('%.15g', {sql}) AS DOUBLE) = {sql} THEN printf('%.15g', {sql}) "
        f"ELSE printf('%.17g', {sql}) END"
    )


def fraction_text(micros: str) -> str:
    """The fraction of a second with its point: nothing, three digits, or six."""
    return (
        f"CASE WHEN {micros} % 1000000 = 0 THEN '' "
        f"WHEN {micros} % 1000 = 0 THEN printf('.%03d', ({micros} % 1000000) // 1000) "
        f"ELSE printf('.%06d', {micros} % 1000000) END"
    )


def timestamp_text(sql: str) -> str:
    """A TIMESTAMP, in UTC."""
    wall = f"({sql} AT TIME ZONE 'UTC')"
    return f"{datetime_text(wall)} || '+00'"


def datetime_text(sql: str) -> str:
    """A DATETIME."""
    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S') || {fraction_text(f'microsecond({sql})')}"


def time_text(sql: str) -> str:
    """A TIME."""
    clock = f"printf('%02d:%02d:%02d', hour({sql}), minute({sql}), second({sql}))"
    return f"{clock} || {fraction_text(f'microsecond({sql})')}"


def numeric_text(sql: str) -> str:
    """A NUMERIC without the zeros that its scale would print."""
    return rf"regexp_replace(CAST({sql} AS VARCHAR), '\.?0+$', '')"
