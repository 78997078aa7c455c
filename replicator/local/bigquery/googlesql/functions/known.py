"""GoogleSQL's functions that are not modelled: known by name, so that a call is refused as that and not as a typo.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
"""

from __future__ import annotations

from typing import Final

KNOWN: Final = frozenset(
    [
        "APPENDS",
        "BAG_OF_WORDS",
        "BYTES",
        "CHANGES",
        "COLLATE",
        "GENERATE_RANGE_ARRAY",
        "GROUPING",
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
        "S2_CELLIDFROMPOINT",
        "SEARCH",
        "ST_ASTEXT",
        "ST_GEOGPOINT",
        "TEXT_ANALYZE",
        "VECTOR_SEARCH",
        "DIFFERENTIAL_PRIVACY",
        "COUNT_DISTINCT",
    ]
)

KNOWN_FOLDERS: Final = frozenset({"AEAD", "HLL_COUNT", "KEYS", "KLL_QUANTILES", "ML", "NET", "OBJ"})
"""What functions are called by in front of a dot."""
