"""Edge values of each type, and texts of the languages that some arguments are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

VALUES: Final[dict[str, Sequence[str]]] = {
    "INT64": (
        "0", "1", "-1", "2", "3", "5", "31", "64", "100", "-7", "1000000", "9223372036854775807",
        "-9223372036854775808", "CAST(NULL AS INT64)",
    ),
    "FLOAT64": (
        "0.0", "-0.0", "1.0", "0.5", "-2.5", "2.5", "0.1", "3.141592653589793", "1e20", "-1e-7", "5e-324",
        "1.7976931348623157e308", "CAST('nan' AS FLOAT64)", "CAST('inf' AS FLOAT64)", "CAST('-inf' AS FLOAT64)",
        "CAST(NULL AS FLOAT64)",
    ),
    "NUMERIC": (
        "NUMERIC '0'", "NUMERIC '1'", "NUMERIC '1.5'", "NUMERIC '-2.5'", "NUMERIC '0.000000001'", "NUMERIC '12345.678'",
        "NUMERIC '99999999999999999999999999999.999999999'", "NUMERIC '-99999999999999999999999999999.999999999'",
        "CAST(NULL AS NUMERIC)",
    ),
    "BIGNUMERIC": (
        "BIGNUMERIC '0'", "BIGNUMERIC '1.5'", "BIGNUMERIC '-2.5'", "BIGNUMERIC '1e-38'", "CAST(NULL AS BIGNUMERIC)",
        "BIGNUMERIC '578960446186580977117854925043439539266.34992332820282019728792003956564819967'",
    ),
    "BOOL": ("TRUE", "FALSE", "CAST(NULL AS BOOL)"),
    "STRING": (
        "''", "'a'", "'abc'", "'Ab Cd'", "' x '", "'1'", "'-1.5'", "'Ünï'", "'日本語'", "'😀'", "'e\\u0301'",
        "'straße'",
        "'a,b,,c'", "'\\t\\n'", "'2024-02-29'", "'%'", "'a\\\"b'", "'zz'", "'\\x01'", "'true'", "'616263'", "'YWJj'",
        "CAST(NULL AS STRING)",
    ),
    "BYTES": ("b''", "b'a'", "b'abc'", "b'a,b'", "b'\\xff\\x00'", "b'\\xe6\\x97\\xa5'", "CAST(NULL AS BYTES)"),
    "DATE": (
        "DATE '1970-01-01'", "DATE '1969-12-31'", "DATE '2024-02-29'", "DATE '2023-12-31'", "DATE '2026-11-21'",
        "DATE '0001-01-01'", "DATE '9999-12-31'", "CAST(NULL AS DATE)",
    ),
    "DATETIME": (
        "DATETIME '1970-01-01 00:00:00'", "DATETIME '2024-02-29 12:34:56.789123'", "DATETIME '0001-01-01 00:00:00'",
        "DATETIME '2026-03-29 02:30:00'", "DATETIME '9999-12-31 23:59:59.999999'", "CAST(NULL AS DATETIME)",
    ),
    "TIME": (
        "TIME '00:00:00'", "TIME '12:34:56.789123'", "TIME '23:59:59.999999'", "TIME '23:00:00'", "CAST(NULL AS TIME)",
    ),
    "TIMESTAMP": (
        "TIMESTAMP '1970-01-01 00:00:00+00'", "TIMESTAMP '1969-12-31 23:59:59.999999+00'",
        "TIMESTAMP '2024-02-29 23:30:00-05'", "TIMESTAMP '2026-11-21 12:34:56.789+00'",
        "TIMESTAMP '0001-01-01 00:00:00+00'", "TIMESTAMP '9999-12-31 23:59:59.999999+00'", "CAST(NULL AS TIMESTAMP)",
    ),
    "JSON": (
        "JSON 'null'", "JSON '1'", "JSON '-2.5'", "JSON '1e20'", "JSON '\"a\"'", "JSON 'true'", "JSON '[]'",
        "JSON '[1, null, \"x\", [2]]'", "JSON '{}'", "JSON '{\"b\": 1, \"a\": {\"c\": [1, 2.50]}}'",
        "JSON '9223372036854775807'", "JSON '\"12\"'", "CAST(NULL AS JSON)",
    ),
    "INTERVAL": ("INTERVAL 1 DAY", "INTERVAL -3 MONTH", "INTERVAL 90061 SECOND", "CAST(NULL AS INTERVAL)"),
    "RANGE<DATE>": ("RANGE<DATE> '[2024-01-01, 2024-02-01)'", "RANGE<DATE> '[UNBOUNDED, 2024-01-15)'"),
    "RANGE<DATETIME>": ("RANGE<DATETIME> '[2024-01-01, UNBOUNDED)'",),
    "RANGE<TIMESTAMP>": ("RANGE<TIMESTAMP> '[2024-01-01 00:00:00+00, 2024-02-01 00:00:00+00)'",),
    "GEOGRAPHY": ("ST_GEOGPOINT(1, 2)", "CAST(NULL AS GEOGRAPHY)"),
    "DateTimestampPart": (
        "DAY", "WEEK", "WEEK(MONDAY)", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR", "HOUR", "MINUTE", "SECOND",
        "MILLISECOND", "MICROSECOND",
    ),
    "RoundingMode": ("'ROUND_HALF_EVEN'", "'ROUND_HALF_AWAY_FROM_ZERO'"),
    "NormalizeMode": ("NFC", "NFD"),
}  # fmt: skip
PATTERNS: Final = (
    "r'[a-z]+'",
    "r'(\\w)(?:\\w)'",
    "r'^$'",
    "r'b*'",
    "r'(?i)A|B'",
    "r'.'",
    "r'('",
    "CAST(NULL AS STRING)",
)
BYTE_PATTERNS: Final = ("rb'[a-z]+'", "rb'(.)'", "rb'b*'", "CAST(NULL AS BYTES)")
_PATHS: Final = ("'$'", "'$.a'", "'$.a.c'", "'$.a.c[1]'", "'$[0]'", "'$[3]'", "'$.b'", "'a'", "CAST(NULL AS STRING)")
_JSON_TEXTS: Final = (
    "'null'",
    '\'{"a": {"c": [1, 2.50]}, "b": null}\'',
    "'[1, null, \"x\", [2]]'",
    "'\"a\\\\u00e9\"'",
    "'1e3'",
    "'{'",
    "'true'",
    "CAST(NULL AS STRING)",
)
_ZONES: Final = (
    "'UTC'",
    "'UTC'",
    "'UTC'",
    "'America/Los_Angeles'",
    "'+05:30'",
    "'Europe/Berlin'",
    "'nowhere'",
    "CAST(NULL AS STRING)",
)
_DATE_FORMATS: Final = ("'%Y%m%d'", "'%F'", "'%d/%m/%y'", "'%A %B'", "'%%'", "''", "CAST(NULL AS STRING)")
_TIME_FORMATS: Final = ("'%H:%M:%S'", "'%T'", "'%I:%M %p'", "'%E6S'", "CAST(NULL AS STRING)")
_BOTH_FORMATS: Final = ("'%Y-%m-%d %H:%M:%S'", "'%FT%H:%M:%E*S'", "'%s'", *_DATE_FORMATS[:3])
_PARSED_DATES: Final = ("'%Y%m%d'", "'%Y-%m-%d'", "'%F'", "CAST(NULL AS STRING)")
_PARSED: Final = (*("'%Y-%m-%d %H:%M:%S'", "'%Y-%m-%dT%H:%M:%E*S'") * 2, *_BOTH_FORMATS[:4])
_DATES: Final = ("'20240229'", "'2024-02-29'", "'29/02/24'", "'2024-13-01'", "''", "CAST(NULL AS STRING)")
_TIMES: Final = ("'12:34:56'", "'01:02 PM'", "'25:00:00'", "CAST(NULL AS STRING)")
_BOTH: Final = (
    "'2024-02-29 12:34:56'",
    "'2024-02-29T12:34:56.25'",
    "'2024-02-29 24:00:00'",
    "'1700000000'",
    *_DATES[:2],
)
LANGUAGES: Final[dict[tuple[str, int], Sequence[str]]] = {
    **{(f"REGEXP_{name}", 1): PATTERNS for name in ("CONTAINS", "EXTRACT", "EXTRACT_ALL", "INSTR", "REPLACE")},
    ("REGEXP_REPLACE", 2): ("'x'", "r'\\1'", "r'<\\0>'", "''", "CAST(NULL AS STRING)"),
    **{
        (f"JSON_{name}", 0): _JSON_TEXTS
        for name in (
            "EXTRACT", "EXTRACT_ARRAY", "EXTRACT_SCALAR", "EXTRACT_STRING_ARRAY", "QUERY", "QUERY_ARRAY", "VALUE",
            "VALUE_ARRAY",
        )
    },
    **{
        (f"JSON_{name}", 1): _PATHS
        for name in (
            "EXTRACT", "EXTRACT_ARRAY", "EXTRACT_SCALAR", "EXTRACT_STRING_ARRAY", "QUERY", "QUERY_ARRAY", "VALUE",
            "VALUE_ARRAY", "SET", "REMOVE", "ARRAY_APPEND", "ARRAY_INSERT", "STRIP_NULLS",
        )
    },
    ("PARSE_JSON", 0): _JSON_TEXTS,
    ("FARM_FINGERPRINT", 0): ("'ab'", f"'{'x' * 40}'", *[f"'{'x' * 70}'"] * 2, "CAST(NULL AS STRING)"),
    ("FORMAT_DATE", 0): _DATE_FORMATS, ("PARSE_DATE", 0): _PARSED_DATES, ("PARSE_DATE", 1): _DATES,
    ("FORMAT_TIME", 0): _TIME_FORMATS, ("PARSE_TIME", 0): _TIME_FORMATS[:3], ("PARSE_TIME", 1): _TIMES,
    **{
        (f"{verb}_{kind}", place): texts
        for kind in ("DATETIME", "TIMESTAMP")
        for verb, place, texts in (("FORMAT", 0, _BOTH_FORMATS), ("PARSE", 0, _PARSED), ("PARSE", 1, _BOTH))
    },
    **{(name, 2): _ZONES for name in ("FORMAT_TIMESTAMP", "PARSE_TIMESTAMP", "TIMESTAMP_TRUNC")},
    **{(name, 1): _ZONES for name in ("DATE", "DATETIME", "TIME", "TIMESTAMP", "STRING")},
    **{(f"CURRENT_{kind}", 0): _ZONES for kind in ("DATE", "DATETIME", "TIME")},
    ("FORMAT", 0): ("'%t|%T'", "'%s'", "'%d'", "'%5.2f'", "'%%'", "CAST(NULL AS STRING)"),
    **{(name, 0): ("'1.5'", "'-12'", "' 7 '", "'x'", "'1e3'", "CAST(NULL AS STRING)")
       for name in ("PARSE_NUMERIC", "PARSE_BIGNUMERIC")},
    **dict.fromkeys((("REPEAT", 1), ("LPAD", 1), ("RPAD", 1)), ("0", "1", "2", "5", "-1", "CAST(NULL AS INT64)")),
    **{(name, 0): ("'http://a.b.co.uk/x'", "'//h:80'", "'a@b.com'", "''", "CAST(NULL AS STRING)")
       for name in ("NET.HOST", "NET.PUBLIC_SUFFIX", "NET.REG_DOMAIN")},
    **{(name, 0): ("'1.2.3.4'", "'::1'", "'x'", "CAST(NULL AS STRING)")
       for name in ("NET.IP_FROM_STRING", "NET.SAFE_IP_FROM_STRING")},
    **{(name, 0): ("b'\\x01\\x02\\x03\\x04'", "b'0123456789abcdef'", "b''", "CAST(NULL AS BYTES)")
       for name in ("NET.IP_TO_STRING", "NET.IP_TRUNC", "NET.IPV4_TO_INT64")},
    ("GENERATE_ARRAY", 0): ("0", "1", "-3"), ("GENERATE_ARRAY", 1): ("5", "0", "CAST(NULL AS INT64)"),
    ("GENERATE_ARRAY", 2): ("1", "2", "-1", "0", "CAST(NULL AS INT64)"),
    **dict.fromkeys(
        (("GENERATE_DATE_ARRAY", 0), ("GENERATE_DATE_ARRAY", 1)),
        ("DATE '2024-02-27'", "DATE '2024-03-02'", "CAST(NULL AS DATE)"),
    ),
    **dict.fromkeys(
        (("GENERATE_TIMESTAMP_ARRAY", 0), ("GENERATE_TIMESTAMP_ARRAY", 1)),
        ("TIMESTAMP '2024-02-28 22:00:00+00'", "TIMESTAMP '2024-02-29 01:00:00+00'"),
    ),
    **{(name, 2): ("1", "7", "-1", "CAST(NULL AS INT64)")
       for name in ("GENERATE_DATE_ARRAY", "GENERATE_TIMESTAMP_ARRAY")},
}  # fmt: skip
"""What an argument is drawn from where its type says too little; where the literals' own type fits."""
