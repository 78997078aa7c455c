"""GoogleSQL's functions that are not modelled: known by name, so that a call is refused as that and not as a typo.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
"""

from __future__ import annotations

from typing import Final

KNOWN: Final = frozenset(
    [
        "APPENDS",
        "APPROX_TOP_COUNT",
        "APPROX_TOP_SUM",
        "BAG_OF_WORDS",
        "BYTES",
        "CHANGES",
        "COLLATE",
        "CONTAINS_SUBSTR",
        "EUCLIDEAN_DISTANCE",
        "COSINE_DISTANCE",
        "GENERATE_RANGE_ARRAY",
        "GROUPING",
        "JSON_KEYS",
        "JUSTIFY_DAYS",
        "JUSTIFY_HOURS",
        "JUSTIFY_INTERVAL",
        "MAKE_INTERVAL",
        "RANGE",
        "RANGE_CONTAINS",
        "RANGE_END",
        "RANGE_INTERSECT",
        "RANGE_OVERLAPS",
        "RANGE_START",
        "REGEXP_INSTR",
        "S2_CELLIDFROMPOINT",
        "SEARCH",
        "SHA512",
        "ST_ASTEXT",
        "ST_GEOGPOINT",
        "TEXT_ANALYZE",
        "TYPEOF",
        "VECTOR_SEARCH",
        "DIFFERENTIAL_PRIVACY",
        "COUNT_DISTINCT",
    ]
)

KNOWN_FOLDERS: Final = frozenset({"AEAD", "HLL_COUNT", "KEYS", "KLL_QUANTILES", "ML", "NET", "OBJ"})
"""What functions are called by in front of a dot."""
