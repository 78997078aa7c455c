"""Random expressions of GoogleSQL, of a type that is asked for, over every function that is answered.

Most calls are drawn from the signatures that GoogleSQL's analyzer lists, the others from shapes that are written here.

Many literals are edge values. One in forty arguments is of another type than it should be, for what is
no GoogleSQL must be refused as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.googlesql_comparison import is_modelled
from tests.googlesql_signatures import INEXACT, Slot, signature_call

_LITERALS: Final[dict[str, Sequence[str]]] = {
    "INT64": (
        "1", "2", "3", "0", "-1", "7", "10", "255", "0x1F", "2147483648", "CAST(NULL AS INT64)", "9007199254740993",
        "9223372036854775807", "-9223372036854775808",
    ),
    "FLOAT64": (
        "1.5", "0.5", "-2.5", "2.5", "0.0", "0.1", "123456789.125", "-0.0", "1e20", "1e-7", "CAST(NULL AS FLOAT64)",
        "CAST('nan' AS FLOAT64)", "CAST('inf' AS FLOAT64)", "CAST('-inf' AS FLOAT64)", "1.7976931348623157e308",
    ),
    "NUMERIC": (
        "NUMERIC '1.5'", "NUMERIC '-2.5'", "NUMERIC '0'", "NUMERIC '12345.678'", "NUMERIC '0.000000001'",
        "CAST(NULL AS NUMERIC)", "NUMERIC '99999999999999999999999999999.999999999'",
    ),
    "BIGNUMERIC": (
        "BIGNUMERIC '1.5'", "BIGNUMERIC '-2.5'", "BIGNUMERIC '0'", "BIGNUMERIC '1e-38'", "BIGNUMERIC '12345678901.25'",
        "CAST(NULL AS BIGNUMERIC)", "BIGNUMERIC '578960446186580977117854925043439539266.3499'",
    ),
    "BOOL": ("TRUE", "FALSE", "CAST(NULL AS BOOL)"),
    "STRING": (
        "'abc'", "'a'", "'1'", "'20260101'", "'2026-01-02'", "'a,b,,c'", "'Abc'", "' x '", "''", "'Ünï'", "'日本語'",
        "'[1, 2.50, \"x\", null]'", "'{\"b\": 1, \"a\": [1, \"x\"]}'", "'{\"a\": {\"b\": null}, \"a.b\": true}'",
        "'😀'", "'e\\u0301'", "'2026-02-30'", "'-7'", "' 12 '", "'1.5'", "'1e3'", "'true'", "\"it's\"", "'%d'",
        "'a\"b'",
        "'\\t\\n'", "'\\\\'", "'straße'", "'null'", "'\\u2028'", "'\\x01'", "CAST(NULL AS STRING)",
        "'2026-11-21 12:34:56.789+01'", "'inf'", "'0x1F'",
    ),
    "BYTES": ("b'abc'", "b''", "b'\"\\n'", "b'\\xff\\x00'", "CAST(NULL AS BYTES)"),
    "DATE": (
        "DATE '2026-11-21'", "DATE '2024-02-29'", "DATE '2020-12-31'", "DATE '2027-01-01'", "DATE '1970-01-01'",
        "DATE '1969-12-31'", "CAST(NULL AS DATE)", "DATE '0001-01-01'", "DATE '9999-12-31'",
    ),
    "DATETIME": (
        "DATETIME '2024-02-29 12:34:56.5'", "DATETIME '1970-01-01 00:00:00'", "CAST(NULL AS DATETIME)",
        "DATETIME '0001-01-01 00:00:00'", "DATETIME '9999-12-31 23:59:59.999999'",
    ),
    "TIMESTAMP": (
        "TIMESTAMP '2026-11-21 12:34:56.789+00'", "TIMESTAMP '1970-01-01 00:00:00+00'",
        "TIMESTAMP '2024-02-29 23:30:00-05'", "TIMESTAMP '1969-12-31 23:59:59.999999+00'", "CAST(NULL AS TIMESTAMP)",
        "TIMESTAMP '0001-01-01 00:00:00+00'", "TIMESTAMP '9999-12-31 23:59:59.999999+00'",
    ),
    "TIME": (
        "TIME '12:34:56.789123'", "TIME '00:00:00'", "TIME '23:59:59.999999'", "CAST(NULL AS TIME)",
    ),
    "JSON": (
        "JSON '{\"b\": 1, \"a\": {\"c\": [1, 2.5]}}'", "JSON '[1, null, \"x\", [2]]'", "JSON '\"a\"'", "JSON '1'",
        "JSON 'null'", "JSON 'true'", "JSON '-2.5'", "JSON '\"12\"'", "JSON '[]'", "JSON '{}'", "CAST(NULL AS JSON)",
    ),
    "ARRAY<STRING>": (
        "['a', 'b', 'a']", "['x', 'Y']", "['']", "CAST([] AS ARRAY<STRING>)", "CAST(NULL AS ARRAY<STRING>)",
    ),
    "ARRAY<INT64>": (
        "[1, 2, 3]", "[3, 1, 2, 1]", "[0, -1, 9223372036854775807]", "CAST([] AS ARRAY<INT64>)",
        "CAST(NULL AS ARRAY<INT64>)",
    ),
}  # fmt: skip
"""By type, the usual ones first."""

_SHAPES: Final[dict[str, Sequence[str]]] = {
    "INT64": (
        "({INT64} + {INT64})", "({INT64} - {INT64})", "({INT64} * {INT64})", "(-{INT64})", "DIV({INT64}, {INT64})",
        "MOD({INT64}, {INT64})", "ABS({INT64})", "LENGTH({STRING})", "LENGTH({BYTES})", "BYTE_LENGTH({STRING})",
        "ARRAY_LENGTH({ARRAY<STRING>})", "ARRAY_LENGTH({ARRAY<INT64>})", "STRPOS({STRING}, {STRING})",
        "CAST({STRING} AS INT64)", "SAFE_CAST({STRING} AS INT64)", "CAST({FLOAT64} AS INT64)",
        "CAST({NUMERIC} AS INT64)", "CAST({BOOL} AS INT64)", "DATE_DIFF({DATE}, {DATE}, <DAYS>)",
        "TIMESTAMP_DIFF({TIMESTAMP}, {TIMESTAMP}, <CLOCK>)", "DATETIME_DIFF({DATETIME}, {DATETIME}, <DAYS>)",
        "EXTRACT(<PART> FROM {DATE})", "EXTRACT(<PART> FROM {TIMESTAMP})", "EXTRACT(<PART> FROM {DATETIME})",
        "UNIX_SECONDS({TIMESTAMP})", "UNIX_MILLIS({TIMESTAMP})", "UNIX_MICROS({TIMESTAMP})", "UNIX_DATE({DATE})",
        "SIGN({INT64})", "GREATEST({INT64}, {INT64})", "LEAST({INT64}, {INT64}, {INT64})",
        "{ARRAY<INT64>}[SAFE_OFFSET({INT64})]", "{ARRAY<INT64>}[OFFSET({INT64})]", "{ARRAY<INT64>}[ORDINAL({INT64})]",
        "(SELECT SUM(x) FROM UNNEST({ARRAY<INT64>}) AS x)", "(SELECT MIN(x) FROM UNNEST({ARRAY<INT64>}) AS x)",
        "(SELECT COUNT(*) FROM UNNEST({ARRAY<STRING>}) AS x WHERE x > {STRING})",
        "(SELECT COUNT(DISTINCT x) FROM UNNEST({ARRAY<STRING>}) AS x)",
        "(SELECT COUNTIF(x > {INT64}) FROM UNNEST({ARRAY<INT64>}) AS x)", "SAFE.DIV({INT64}, 0)",
        "(SELECT AS STRUCT {INT64} AS a, {STRING} AS b).a", "STRUCT({INT64} AS a, {STRING} AS b).a",
        "(SELECT MAX(r) FROM (SELECT ROW_NUMBER() OVER (ORDER BY x DESC) AS r FROM UNNEST({ARRAY<STRING>}) AS x))",
        "(SELECT MAX(r) FROM (SELECT DENSE_RANK() OVER (ORDER BY x) AS r FROM UNNEST({ARRAY<INT64>}) AS x))",
        "({INT64} & {INT64})", "({INT64} | {INT64})", "({INT64} ^ {INT64})", "(~{INT64})", "ASCII({STRING})",
        "SAFE_ADD({INT64}, {INT64})", "SAFE_MULTIPLY({INT64}, {INT64})", "SAFE_SUBTRACT({INT64}, {INT64})",
        "BIT_COUNT({INT64})", "BIT_COUNT({BYTES})", "UNICODE({STRING})", "ARRAY_FIRST({ARRAY<INT64>})",
        "ARRAY_LAST({ARRAY<INT64>})", "(SELECT BIT_XOR(x) FROM UNNEST({ARRAY<INT64>}) AS x)",
        "RANGE_BUCKET({INT64}, {ARRAY<INT64>})", "SAFE_NEGATE({INT64})", "EDIT_DISTANCE({STRING}, {STRING})",
    ),
    "FLOAT64": (
        "({FLOAT64} + {FLOAT64})", "({FLOAT64} - {FLOAT64})", "({FLOAT64} * {FLOAT64})", "({FLOAT64} / {FLOAT64})",
        "({INT64} / {INT64})", "({INT64} + {FLOAT64})", "(-{FLOAT64})", "ABS({FLOAT64})", "ROUND({FLOAT64})",
        "FLOOR({FLOAT64})", "CEIL({FLOAT64})", "TRUNC({FLOAT64})", "CAST({INT64} AS FLOAT64)",
        "CAST({STRING} AS FLOAT64)", "SAFE_CAST({STRING} AS FLOAT64)", "CAST({NUMERIC} AS FLOAT64)",
        "SAFE_DIVIDE({FLOAT64}, {FLOAT64})", "GREATEST({FLOAT64}, {FLOAT64})", "LEAST({FLOAT64}, {FLOAT64})",
        "(SELECT AVG(x) FROM UNNEST({ARRAY<INT64>}) AS x)", "IEEE_DIVIDE({FLOAT64}, {FLOAT64})", "SIGN({FLOAT64})",
        "SQRT({FLOAT64})", "POW({FLOAT64}, {FLOAT64})", "FLOOR({INT64})", "ROUND({FLOAT64}, {INT64})",
        "SAFE_ADD({FLOAT64}, {FLOAT64})", "SAFE_MULTIPLY({FLOAT64}, {FLOAT64})",
        "(SELECT x FROM UNNEST([{FLOAT64}, {FLOAT64}]) AS x ORDER BY x LIMIT 1)",
    ),
    "NUMERIC": (
        "({NUMERIC} + {NUMERIC})", "({NUMERIC} - {NUMERIC})", "({NUMERIC} * {NUMERIC})", "CAST({INT64} AS NUMERIC)",
        "CAST({STRING} AS NUMERIC)", "CAST({FLOAT64} AS NUMERIC)", "ABS({NUMERIC})", "ROUND({NUMERIC})",
        "({NUMERIC} / {NUMERIC})", "({NUMERIC} + {INT64})", "(-{NUMERIC})", "FLOOR({NUMERIC})", "CEIL({NUMERIC})",
        "TRUNC({NUMERIC})", "SIGN({NUMERIC})", "SAFE_CAST({STRING} AS NUMERIC)", "MOD({NUMERIC}, {NUMERIC})",
        "DIV({NUMERIC}, {NUMERIC})", "ROUND({NUMERIC}, {INT64})", "TRUNC({NUMERIC}, {INT64})",
        "SAFE_DIVIDE({NUMERIC}, {NUMERIC})", "SAFE_MULTIPLY({NUMERIC}, {NUMERIC})", "PARSE_NUMERIC({STRING})",
        "(SELECT AVG(x) FROM UNNEST([{NUMERIC}, {NUMERIC}, {NUMERIC}]) AS x)", "SAFE_NEGATE({NUMERIC})",
    ),
    "BIGNUMERIC": (
        "({BIGNUMERIC} + {BIGNUMERIC})", "({BIGNUMERIC} - {NUMERIC})", "({BIGNUMERIC} * {BIGNUMERIC})",
        "({BIGNUMERIC} / {BIGNUMERIC})", "(-{BIGNUMERIC})", "CAST({STRING} AS BIGNUMERIC)",
        "CAST({INT64} AS BIGNUMERIC)", "CAST({FLOAT64} AS BIGNUMERIC)", "CAST({NUMERIC} AS BIGNUMERIC)",
        "SAFE_CAST({STRING} AS BIGNUMERIC)",
        "(SELECT AVG(x) FROM UNNEST([{BIGNUMERIC}, {BIGNUMERIC}, {BIGNUMERIC}]) AS x)",
    ),
    "BOOL": (
        "({INT64} = {INT64})", "({INT64} < {FLOAT64})", "({FLOAT64} <= {FLOAT64})", "({STRING} != {STRING})",
        "({STRING} < {STRING})", "({DATE} >= {DATE})", "({TIMESTAMP} = {TIMESTAMP})", "({BOOL} AND {BOOL})",
        "({BOOL} OR {BOOL})", "(NOT {BOOL})", "({INT64} IS NULL)", "({STRING} IS NOT NULL)", "({BOOL} IS TRUE)",
        "({BOOL} IS NOT FALSE)", "({INT64} BETWEEN {INT64} AND {INT64})", "({STRING} IN ({STRING}, {STRING}))",
        "({INT64} IN UNNEST({ARRAY<INT64>}))", "({INT64} NOT IN ({INT64}, {INT64}))", "({STRING} LIKE {STRING})",
        "STARTS_WITH({STRING}, {STRING})", "ENDS_WITH({STRING}, {STRING})", "REGEXP_CONTAINS({STRING}, r'^[a-z]+$')",
        "REGEXP_CONTAINS({STRING}, r'(?i)B|\\d')",
        "EXISTS (SELECT 1 FROM UNNEST({ARRAY<INT64>}) AS x WHERE x = {INT64})",
        "({INT64} IS DISTINCT FROM {INT64})", "({FLOAT64} IS NOT DISTINCT FROM {FLOAT64})", "({BYTES} = {BYTES})",
        "CAST({STRING} AS BOOL)", "CAST({INT64} AS BOOL)", "(({INT64}, {STRING}) = ({INT64}, {STRING}))",
        "(STRUCT({INT64} AS a, {STRING} AS b) IN ((1, 'a'), (2, 'b')))", "IS_NAN({FLOAT64})", "IS_INF({FLOAT64})",
        "(SELECT LOGICAL_OR(x > {INT64}) FROM UNNEST({ARRAY<INT64>}) AS x)", "({NUMERIC} < {NUMERIC})",
        "({NUMERIC} = {FLOAT64})", "({NUMERIC} > {INT64})", "({DATE} = {DATETIME})",
        "({FLOAT64} IN ({FLOAT64}, {FLOAT64}))", "({FLOAT64} IN UNNEST([{FLOAT64}, {FLOAT64}]))",
        "STARTS_WITH({BYTES}, {BYTES})", "ENDS_WITH({BYTES}, {BYTES})",
    ),
    "STRING": (
        "CONCAT({STRING}, {STRING})", "CONCAT({STRING}, {STRING}, {STRING})", "({STRING} || {STRING})",
        "LOWER({STRING})", "UPPER({STRING})", "TRIM({STRING})", "LTRIM({STRING})", "RTRIM({STRING}, 'x ')",
        "SUBSTR({STRING}, {INT64})", "SUBSTR({STRING}, {INT64}, {INT64})", "REPLACE({STRING}, {STRING}, {STRING})",
        "REVERSE({STRING})", "LEFT({STRING}, {INT64})", "RIGHT({STRING}, {INT64})", "CHR({INT64})",
        "CAST({INT64} AS STRING)", "CAST({FLOAT64} AS STRING)", "CAST({NUMERIC} AS STRING)", "CAST({BOOL} AS STRING)",
        "CAST({DATE} AS STRING)", "CAST({TIMESTAMP} AS STRING)", "CAST({DATETIME} AS STRING)",
        "SAFE_CAST({BYTES} AS STRING)", "CAST({BYTES} AS STRING)",
        "FORMAT('%s|%d', {STRING}, {INT64})", "FORMAT('%t', {FLOAT64})", "FORMAT('%T', {STRING})",
        "FORMAT('%T', {DATE})", "FORMAT('%T|%t', {TIMESTAMP}, {DATE})", "FORMAT('%T', {ARRAY<STRING>})",
        "FORMAT('%05d', {INT64})", "FORMAT('%T', {BYTES})", "FORMAT('%T', ({INT64}, {STRING}))",
        "FORMAT('%T', {NUMERIC})",
        "FORMAT('%T', {FLOAT64})", "FORMAT('%t', {BOOL})", "FORMAT('%10s|%-5s', {STRING}, {STRING})",
        "FORMAT('%T', {DATETIME})", "FORMAT('%i%%', {INT64})",
        "TO_JSON_STRING({STRING})", "TO_JSON_STRING({INT64})", "TO_JSON_STRING({FLOAT64})", "TO_JSON_STRING({DATE})",
        "TO_JSON_STRING({TIMESTAMP})", "TO_JSON_STRING({NUMERIC})", "TO_JSON_STRING({ARRAY<STRING>})",
        "TO_JSON_STRING({BYTES})", "TO_JSON_STRING({BOOL})", "TO_JSON_STRING({DATETIME})",
        "TO_JSON_STRING(STRUCT({INT64} AS b, {STRING} AS a, [{DATE}] AS c))",
        "TO_JSON_STRING(STRUCT({INT64} AS b, {ARRAY<INT64>} AS c), FALSE)", "TO_JSON_STRING(PARSE_JSON({STRING}))",
        "JSON_VALUE({STRING}, '$.a')", "JSON_VALUE({STRING}, '$.a[1]')", "JSON_VALUE({STRING})",
        "JSON_VALUE({STRING}, '$.\"a.b\"')", "JSON_QUERY({STRING}, '$.a')", "JSON_VALUE(TO_JSON_STRING({STRING}))",
        "JSON_VALUE(TO_JSON_STRING({ARRAY<STRING>}), '$[1]')", "REGEXP_EXTRACT({STRING}, r'[a-z]+')",
        "REGEXP_EXTRACT({STRING}, r'^(\\d+)-')", "REGEXP_EXTRACT({STRING}, r'.', {INT64})",
        "REGEXP_EXTRACT({STRING}, r'[a-z]', 1, 2)", "REGEXP_REPLACE({STRING}, r'[aeiou]', '*')",
        "REGEXP_REPLACE({STRING}, r'(\\w)(\\w)', r'\\2\\1')", "ARRAY_TO_STRING({ARRAY<STRING>}, {STRING})",
        "ARRAY_TO_STRING({ARRAY<STRING>}, ',', 'none')", "TO_HEX({BYTES})", "TO_BASE64({BYTES})",
        "TO_HEX(SHA256({STRING}))", "TO_HEX(MD5({STRING}))", "TO_HEX(SHA256({BYTES}))",
        "(SELECT STRING_AGG(x, '|' ORDER BY x) FROM UNNEST({ARRAY<STRING>}) AS x)",
        "(SELECT STRING_AGG(x, '-' ORDER BY o DESC) FROM UNNEST({ARRAY<STRING>}) AS x WITH OFFSET AS o)",
        "(SELECT MAX(x) FROM UNNEST({ARRAY<STRING>}) AS x)", "{ARRAY<STRING>}[SAFE_OFFSET({INT64})]",
        "(SELECT ANY_VALUE(x) FROM UNNEST([{STRING}]) AS x)", "FORMAT_DATE('%Y%m%d', {DATE})",
        "FORMAT_DATE('%F|%A|%b|%e', {DATE})", "FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', {TIMESTAMP})",
        "FORMAT_TIMESTAMP('%F %T', {TIMESTAMP})", "LPAD({STRING}, {INT64}, '0')", "RPAD({STRING}, 4)",
        "REPEAT({STRING}, 2)", "(SELECT AS STRUCT {INT64} AS a, {STRING} AS b).b", "GREATEST({STRING}, {STRING})",
        "SPLIT({STRING}, ',')[OFFSET(0)]", "TRANSLATE({STRING}, 'abc', 'xy')", "STRING({DATE})",
        "INITCAP({STRING})", "TRANSLATE({STRING}, {STRING}, {STRING})", "NORMALIZE({STRING})",
        "JSON_EXTRACT({STRING}, '$.a')", "JSON_EXTRACT_SCALAR({STRING}, \"$['a.b']\")", "ARRAY_FIRST({ARRAY<STRING>})",
        "JSON_TYPE(PARSE_JSON({STRING}))",
    ),
    "BYTES": (
        "CAST({STRING} AS BYTES)", "SHA256({STRING})", "MD5({STRING})", "FROM_HEX({STRING})", "FROM_BASE64('YWJj')",
        "({BYTES} || {BYTES})", "CONCAT({BYTES}, {BYTES})", "SHA1({BYTES})", "SAFE.FROM_HEX({STRING})",
        "FROM_BASE64({STRING})", "LEFT({BYTES}, {INT64})", "RIGHT({BYTES}, {INT64})", "REPEAT({BYTES}, 2)",
        "CODE_POINTS_TO_BYTES({ARRAY<INT64>})",
    ),
    "DATE": (
        "DATE_ADD({DATE}, INTERVAL {INT64} <MONTHS>)", "DATE_SUB({DATE}, INTERVAL {INT64} <MONTHS>)",
        "DATE_TRUNC({DATE}, <DAYS>)", "DATE({TIMESTAMP})", "CAST({STRING} AS DATE)", "SAFE_CAST({STRING} AS DATE)",
        "PARSE_DATE('%Y%m%d', {STRING})", "PARSE_DATE('%Y-%m-%d', {STRING})", "SAFE.PARSE_DATE('%Y%m%d', {STRING})",
        "DATE({INT64}, 1, 1)", "DATE(2026, {INT64}, {INT64})", "CAST({DATETIME} AS DATE)",
        "EXTRACT(DATE FROM {TIMESTAMP})",
        "DATE_FROM_UNIX_DATE({INT64})", "LAST_DAY({DATE}, <DAYS>)", "({DATE} + {INT64})", "({DATE} - {INT64})",
        "GREATEST({DATE}, {DATE})", "(SELECT MIN(x) FROM UNNEST([{DATE}, {DATE}]) AS x)", "DATE({DATETIME})",
    ),
    "DATETIME": (
        "DATETIME({TIMESTAMP})", "CAST({STRING} AS DATETIME)", "CAST({DATE} AS DATETIME)",
        "DATETIME({DATE}, TIME '10:00:00')",
        "DATETIME_TRUNC({DATETIME}, <DAYS>)", "DATETIME_ADD({DATETIME}, INTERVAL {INT64} <MONTHS>)",
        "DATETIME_SUB({DATETIME}, INTERVAL {INT64} <CLOCK>)", "CAST({TIMESTAMP} AS DATETIME)",
    ),
    "TIMESTAMP": (
        "TIMESTAMP_ADD({TIMESTAMP}, INTERVAL {INT64} <CLOCK>)", "TIMESTAMP_SUB({TIMESTAMP}, INTERVAL {INT64} <CLOCK>)",
        "TIMESTAMP_TRUNC({TIMESTAMP}, <TRUNCATED>)", "TIMESTAMP({DATE})", "TIMESTAMP({DATETIME})",
        "CAST({STRING} AS TIMESTAMP)", "SAFE_CAST({STRING} AS TIMESTAMP)", "TIMESTAMP_MILLIS({INT64})",
        "TIMESTAMP_MICROS({INT64})", "TIMESTAMP_SECONDS({INT64})", "CAST({DATE} AS TIMESTAMP)",
        "PARSE_TIMESTAMP('%Y-%m-%d %H:%M:%S', {STRING})", "GREATEST({TIMESTAMP}, {TIMESTAMP})",
        "(SELECT MAX(x) FROM UNNEST([{TIMESTAMP}, {TIMESTAMP}]) AS x)", "TIMESTAMP(FORMAT('%T', 'x'))",
    ),
    "ARRAY<STRING>": (
        "SPLIT({STRING}, ',')", "SPLIT({STRING}, {STRING})", "ARRAY_CONCAT({ARRAY<STRING>}, {ARRAY<STRING>})",
        "ARRAY(SELECT x FROM UNNEST({ARRAY<STRING>}) AS x WHERE x > {STRING} ORDER BY x)",
        "ARRAY(SELECT LOWER(x) FROM UNNEST({ARRAY<STRING>}) AS x WITH OFFSET AS o ORDER BY o DESC)",
        "JSON_VALUE_ARRAY({STRING}, '$.a')", "JSON_QUERY_ARRAY({STRING})", "JSON_VALUE_ARRAY({STRING})",
        "REGEXP_EXTRACT_ALL({STRING}, r'[a-z0-9]')", "ARRAY_REVERSE({ARRAY<STRING>})",
        "(SELECT ARRAY_AGG(x ORDER BY x) FROM UNNEST({ARRAY<STRING>}) AS x)",
        "(SELECT ARRAY_AGG(DISTINCT x ORDER BY x LIMIT 2) FROM UNNEST({ARRAY<STRING>}) AS x)",
        "ARRAY(SELECT DISTINCT x FROM UNNEST({ARRAY<STRING>}) AS x ORDER BY x)", "({ARRAY<STRING>} || {ARRAY<STRING>})",
    ),
    "ARRAY<INT64>": (
        "GENERATE_ARRAY(1, 5)", "GENERATE_ARRAY(5, 1, -2)", "ARRAY_CONCAT({ARRAY<INT64>}, [{INT64}])",
        "ARRAY(SELECT x + 1 FROM UNNEST({ARRAY<INT64>}) AS x ORDER BY x)", "ARRAY_REVERSE({ARRAY<INT64>})",
        "ARRAY(SELECT LENGTH(x) FROM UNNEST({ARRAY<STRING>}) AS x WITH OFFSET AS o ORDER BY o)",
        "TO_CODE_POINTS({STRING})", "TO_CODE_POINTS({BYTES})", "ARRAY_SLICE({ARRAY<INT64>}, {INT64}, {INT64})",
    ),
}  # fmt: skip
"""By type; a type in braces stands for an expression of that type, what is in angle brackets for a date part."""
_EVERY: Final = (
    "IF({BOOL}, {T}, {T})", "COALESCE({T}, {T})", "IFNULL({T}, {T})", "CASE WHEN {BOOL} THEN {T} ELSE {T} END",
    "CASE {INT64} WHEN 1 THEN {T} WHEN {INT64} THEN {T} END", "NULLIF({T}, {T})", "IF({BOOL}, NULL, {T})",
    "(WITH w AS (SELECT {T} AS v) SELECT v FROM w)",
)  # fmt: skip
_EVERY_SCALAR: Final = (
    "[{T}, {T}][OFFSET(0)]", "(SELECT IF(a.x IS NULL, {T}, a.x) FROM (SELECT STRUCT({T} AS x) AS a))",
    "(SELECT x FROM UNNEST([{T}, {T}]) AS x WITH OFFSET AS o ORDER BY o DESC LIMIT 1)",
    "(SELECT x FROM UNNEST([STRUCT({T} AS x, 1 AS y)]))",
)  # fmt: skip
_PART: Final = re.compile(r"<(?:DAYS|MONTHS|CLOCK|TRUNCATED|PART)>")
_PARTS: Final = {
    "<DAYS>": ("DAY", "WEEK", "WEEK(MONDAY)", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR"),
    "<MONTHS>": ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
    "<CLOCK>": ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY"),
    "<TRUNCATED>": ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "WEEK(TUESDAY)", "ISOWEEK", "MONTH", "QUARTER", "YEAR"),
    "<PART>": (
        "DAYOFWEEK", "DAY", "DAYOFYEAR", "WEEK", "WEEK(SATURDAY)", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR",
    ),
}  # fmt: skip
_TYPE: Final = re.compile(r"\{([A-Z0-9<>]+)\}")


def _pieces(shape: str) -> Sequence[str | Slot]:
    return [Slot(text) if number % 2 else text for number, text in enumerate(_TYPE.split(shape))]


_SHAPED: Final = {kind: tuple(map(_pieces, shapes)) for kind, shapes in _SHAPES.items()}
TYPES: Final = tuple(_LITERALS)
DEEPEST: Final = 4
_ODD: Final = 1 / 40
_SHALLOW: Final = 0.2
_GENERAL: Final = 0.15
_LISTED: Final = 0.6
"""How often a call is drawn from the signatures that GoogleSQL lists."""


@dataclass(frozen=True)
class Expression:
    """An expression, the expressions that it was made of, and whether its last digit is the same everywhere."""

    text: str
    parts: tuple[Expression, ...] = ()
    exact: bool = True


def expression(random: Random, kind: str | None = None, depth: int = DEEPEST) -> Expression:
    """An expression, at most ``depth`` functions deep, of a type that is asked for or of any."""
    return _expression(random, random.choice(TYPES) if kind is None else kind, depth, exact=False)


def _expression(random: Random, kind: str, depth: int, *, exact: bool) -> Expression:
    if depth <= 0 or random.random() < _SHALLOW * (DEEPEST - depth):
        return Expression(_literal(random, kind))
    drawn = random.random()
    if drawn < _GENERAL:
        shape = random.choice([*_EVERY, *(() if kind.startswith("ARRAY") else _EVERY_SCALAR)])
        return _filled(random, _pieces(shape.replace("{T}", f"{{{kind}}}")), depth)
    called = signature_call(random, kind, exact=exact) if drawn < _GENERAL + _LISTED else None
    if called is not None and _is_known(called[1]):
        return replace(_filled(random, called[1], depth), exact=called[0] not in INEXACT)
    if kind in _SHAPED:
        return _filled(random, random.choice(_SHAPED[kind]), depth)
    return Expression(_literal(random, kind))


def _literal(random: Random, kind: str) -> str:
    if kind in _LITERALS:
        return _LITERALS[kind][int(random.random() ** 2 * len(_LITERALS[kind]))]
    element = kind[6:-1]
    values = ", ".join(_literal(random, element) for _ in range(random.choice((1, 2, 3))))
    return random.choice((*(f"[{values}]",) * 4, f"CAST([] AS {kind})", f"CAST(NULL AS {kind})"))


def _filled(random: Random, shape: Sequence[str | Slot], depth: int) -> Expression:
    pieces = [
        piece if isinstance(piece, Slot) else _PART.sub(lambda match: random.choice(_PARTS[match[0]]), piece)
        for piece in shape
    ]
    odd = [
        Slot(random.choice(TYPES)) if isinstance(piece, Slot) and random.random() < _ODD else piece for piece in pieces
    ]
    made = ""
    inner: list[Expression] = []
    for piece in odd if odd != pieces and _is_known(odd) else pieces:
        if isinstance(piece, Slot):
            inner.append(_expression(random, piece.kind, depth - 1, exact=True))
            made += inner[-1].text
        else:
            made += piece
    return Expression(made, tuple(inner))


def _is_known(pieces: Sequence[str | Slot]) -> bool:
    """Whether a call with arguments of these types is modelled; the README says with which it is not."""
    return is_modelled(
        "SELECT " + "".join(_plain(piece.kind) if isinstance(piece, Slot) else piece for piece in pieces)
    )


def _plain(kind: str) -> str:
    return _LITERALS[kind][0] if kind in _LITERALS else f"[{_LITERALS[kind[6:-1]][0]}]"
