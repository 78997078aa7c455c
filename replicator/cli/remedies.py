"""What to do about refusals that BigQuery leaves at the fact."""

from __future__ import annotations

from typing import Final

_REMEDIES: Final = (
    ("has not enabled BigQuery", "check the project's name in the pipeline's file, or enable the API in it"),
    ("as CloudRegion", "check the location in the pipeline's file: bigquery/docs/locations lists those there are"),
)
"""Words of the service, and what would be right."""


def with_remedy(sentence: str) -> str:
    """The sentence, and behind it what would be right where the service's words are known to leave that open."""
    for words, remedy in _REMEDIES:
        if words in sentence:
            return f"{sentence.removesuffix('.')}; {remedy}"
    return sentence
