"""What to do about refusals that Google's services leave at the fact."""

from __future__ import annotations

import re
from typing import Final

_DISABLED: Final = re.compile(
    r"[A-Z][\w ]* API has not been used in project (?P<project>\S+) before or it is disabled\. "
    r"Enable it by visiting \S+/apis/api/(?P<service>[a-z]+\.googleapis\.com)/\S+ then retry\."
    r"( If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry\.?)?"
)
"""Three sentences, of which one says what to do (google/api/error_reason.proto: SERVICE_DISABLED)."""

_PERMISSION: Final = re.compile(r"[Pp]ermission '?([a-z]+\.[A-Za-z.]+)'? denied|have ([a-z]+\.[A-Za-z.]+) permission")
_REMEDIED: Final = ("; grant ", "; it takes ")
"""What a sentence says that has the remedy for missing rights already."""

_REMEDIES: Final = (
    ("has not enabled BigQuery", "check the project's name in the pipeline's file, or enable the API in it"),
    ("as CloudRegion", "check the location in the pipeline's file: bigquery/docs/locations lists those there are"),
    ("does not have permission to query table", "grant bigquery.dataViewer on it to the account that runs this"),
)
"""Words of the service, and what would be right."""


def with_remedy(sentence: str) -> str:
    """The sentence, and behind it what would be right where the service's words are known to leave that open."""
    enabled = _DISABLED.sub(
        r"the API \g<service> is not enabled in project \g<project>; run "
        r"'gcloud services enable \g<service> --project \g<project>', and a few minutes later this command again",
        sentence,
    )
    if enabled != sentence or any(words in sentence for words in _REMEDIED):
        return enabled
    if found := _PERMISSION.search(sentence):
        return f"{sentence.removesuffix('.')}; grant {found[1] or found[2]} to the account that runs this"
    for words, remedy in _REMEDIES:
        if words in sentence:
            return f"{sentence.removesuffix('.')}; {remedy}"
    return sentence
