"""``gs://`` URIs, with at most one ``*``.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad.FIELDS.source_uris,
…/bigquery/docs/exporting-data#exporting_data_into_one_or_more_files
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from replicator.local.bigquery.errors import refuse, unmodelled

_SCHEME: Final = "gs://"


@dataclass(frozen=True, slots=True)
class Uri:
    """An object, or those whose names begin and end alike.

    Attributes:
        bucket: The bucket's name.
        name: The object's, a ``*`` in it included.
    """

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.name}"

    @property
    def wildcard(self) -> bool:
        """Whether it stands for many."""
        return "*" in self.name

    def matching(self, names: Iterable[str]) -> list[str]:
        """Those of the names that it stands for; its ``*`` stands for any text, slashes included."""
        start, star, end = self.name.partition("*")
        if not star:
            return [name for name in names if name == self.name]
        least = len(start) + len(end)
        return [name for name in names if len(name) >= least and name.startswith(start) and name.endswith(end)]

    def shard(self, number: int) -> str:
        """The name of one of the files that are written, numbered from 0 in twelve digits."""
        return self.name.replace("*", f"{number:012}")


def read_uri(text: object, *, where: str) -> Uri:
    """Read a URI.

    Raises:
        BigQueryError: 400, it is none of Cloud Storage's or has more than one ``*``; 501, another service's.
    """
    if not isinstance(text, str) or "://" not in text:
        refuse("invalid", f"Invalid value for {where}: {text!r} is no Google Cloud Storage URI", location=where)
    if not text.startswith(_SCHEME):
        what = f"a URI of {text.partition('://')[0]}"
        raise unmodelled(what)
    bucket, _, name = text.removeprefix(_SCHEME).partition("/")
    # Each URI can contain one "*", and it must come after the bucket's name (JobConfigurationLoad.sourceUris).
    if not bucket or not name or "*" in bucket or name.count("*") > 1:
        refuse("invalid", f"Invalid Google Cloud Storage URI: {text}", location=where)
    if "#" in name:
        # loading-data-cloud-storage: a generation number in the URI fails the job.
        refuse("invalid", f"Invalid Google Cloud Storage URI: {text} has a generation number", location=where)
    return Uri(bucket, name)
