"""How every function of GoogleSQL fares in the local cloud, as a table for people: one row a family."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from replicator.local.bigquery.googlesql.calls import FUNCTIONS, load_rules
from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES, ANALYTIC
from replicator.local.bigquery.googlesql.functions.known import KNOWN
from replicator.local.bigquery.googlesql.grouping import GROUPING
from tests.googlesql_functions import Function, functions

# What no function is taken with: said once above the table, and not at each of them.
_NOWHERE: Final = re.compile(r"INTERVAL|the expression interval|RANGE<|GEOGRAPHY|ANY_1")
_REASONS: Final = (
    (re.compile(r"more than 64 bytes"), "more than 64 bytes"),
    (re.compile(r"time zone"), "time zones that are not constant"),
    (
        re.compile(r"function [\w.]+ for .*BYTES|operator \S+ for argument types: BYTES|argument types: .*BYTES"),
        "BYTES",
    ),
    (re.compile(r"function [\w.]+ for .*NUMERIC|the division of NUMERIC|argument types: .*NUMERIC"), "NUMERIC"),
    (re.compile(r"not constant|must be a string literal"), "texts and patterns that are not constant"),
    (re.compile(r"JSON|well-formed"), "JSON that DuckDB writes or reads otherwise"),
    (re.compile(r"format element|parsing by the format|a format "), "some formats"),
    (re.compile(r" of a (DATETIME|TIMESTAMP)|argument types: .*(DATETIME|TIMESTAMP)"), "the other types of time"),
    (re.compile(r"empty matches|may be left out"), "empty matches"),
    (re.compile(r"the expression kwarg|argument types: .*STRING|argument types: .*INT64"), "optional arguments"),
)
_MODELLED: Final = {*FUNCTIONS, *AGGREGATES, *ANALYTIC, *load_rules(), GROUPING}
_OF_BIGQUERY: Final = ("CONTAINS_SUBSTR", "MAX_BY", "MIN_BY")
"""Functions that are answered and that GoogleSQL's analyzer does not list."""
_FAMILIES: Final[Sequence[tuple[str, str]]] = (
    ("Operators", r"\$.*"),
    ("Geography", r"ST_.*|S2_.*"),
    ("Encryption", r"AEAD\..*|KEYS\..*|DETERMINISTIC_.*"),
    ("Sketches", r"HLL_COUNT\..*|KLL_QUANTILES\..*"),
    ("Network", r"NET\..*"),
    ("Ranges", r"RANGE.*|GENERATE_RANGE_ARRAY"),
    ("Intervals", r"JUSTIFY_.*|MAKE_INTERVAL|TO_SECONDS_INTERVAL"),
    ("JSON", r".*JSON.*|LAX_.*|BOOL|INT64|FLOAT64|FLOAT32|(BOOL|INT64|FLOAT64|FLOAT32|STRING)_ARRAY"),
    ("Approximate aggregates", r"APPROX_.*"),
    ("Statistical aggregates", r"CORR|COVAR_.*|STDDEV.*|VAR.*|PERCENTILE_.*"),
    (
        "Aggregates",
        (
            r"ANY_VALUE|ARRAY_AGG|ARRAY_CONCAT_AGG|AVG|BIT_(AND|OR|XOR)|COUNT.*|LOGICAL_.*|MAX|MIN|MAX_BY|MIN_BY"
            r"|STRING_AGG|SUM|GROUPING|ELEMENTWISE_.*"
        ),
    ),
    (
        "Window functions",
        r"CUME_DIST|.*RANK|FIRST_VALUE|LAST_VALUE|LAG|LEAD|N.*TILE|NTH_VALUE|ROW_NUMBER|IS_FIRST|IS_LAST",
    ),
    ("Dates and times", r".*(DATE|TIME).*|LAST_DAY|UNIX_.*|EXTRACT"),
    ("Arrays", r".*ARRAY.*|FLATTEN"),
    ("Conditions", r"IF.*|COALESCE|NULLIF.*|ISERROR|ZEROIFNULL|ERROR|TYPEOF"),
    ("Hashes", r"MD5|SHA.*|FARM_FINGERPRINT"),
    (
        "Mathematics",
        (
            r"ABS|A?(COS|SIN|TAN|COT|SEC|CSC)H?|ATAN2|BIT_COUNT|CBRT|CEIL.*|DIV|EXP|FLOOR|GREATEST|IEEE_.*|IS_INF|IS_NAN|LEAST"
            r"|LN|LOG|LOG10|MOD|PI.*|POW.*|RAND|ROUND|SAFE_(ADD|DIVIDE|MULTIPLY|NEGATE|SUBTRACT)|SIGN|SQRT|TRUNC"
            r"|.*_DISTANCE|DOT_PRODUCT|L[12]_NORM"
        ),
    ),
    (
        "Texts and bytes",
        (
            r"ASCII|.*LENGTH|CHR|CODE_.*|COLLATE|CONCAT|CONTAINS_SUBSTR|ENDS_WITH|FORMAT|FROM_.*|INITCAP|INSTR|LEFT|LOWER"
            r"|.PAD|.?TRIM|NORMALIZE.*|PARSE_(BIG)?NUMERIC|REGEXP_.*|REPEAT|REPLACE|REVERSE|RIGHT|SAFE_CONVERT.*|SOUNDEX"
            r"|SPLIT.*|STARTS_WITH|STRING|STRPOS|SUBSTR.*|TO_.*|TRANSLATE|UNICODE|UPPER|BYTES|ZSTD.*"
        ),
    ),
    ("Others of GoogleSQL", r".*"),
)


def function_table(met: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The table, in Markdown.

    Args:
        met: By function, the outcome of each call and what was met.
    """
    rows: dict[str, tuple[list[str], list[str], list[str]]] = {family: ([], [], []) for family, _ in _FAMILIES}
    for function in functions():
        if function.name.startswith("$") and function.shown == function.name:
            continue
        place, text = _entry(function, met.get(function.name, ()))
        rows[_family(function.name)][place].append(text)
    listed = {function.name for function in functions()}
    for name in sorted(KNOWN - listed):
        rows[_family(name)][2].append(f"`{name}`")
    for name in _OF_BIGQUERY:
        rows[_family(name)][0].append(f"`{name}`")
    lines = ["| Family | Right | Right, or refused | Refused |", "|---|---|---|---|"]
    lines += [
        f"| {family} | {' '.join(right)} | {'; '.join(part)} | {' '.join(refused)} |"
        for family, (right, part, refused) in rows.items()
    ]
    return "\n".join(lines)


def _family(function: str) -> str:
    return next(name for name, pattern in _FAMILIES if re.fullmatch(pattern, function))


def _entry(function: Function, met: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The column, and what is said there."""
    name = f"`{function.shown}`".replace("|", "\\|")
    refused = [told for outcome, told in met if outcome == "refused" and not _NOWHERE.search(told)]
    if function.name not in _MODELLED and not (function.name.startswith("$") and ("equal", "") in met):
        return 2, name
    if not refused:
        return 0, name
    return 1, f"{name}: {', '.join(sorted({_reason(told) for told in refused}))}"


def _reason(told: str) -> str:
    return next((short for pattern, short in _REASONS if pattern.search(told)), "edge values")
