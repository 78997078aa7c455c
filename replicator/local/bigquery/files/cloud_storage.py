"""The local cloud's Cloud Storage, as BigQuery's jobs see it: in the words of their errors, its walls included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.files.uris import Uri
from replicator.local.storage.buckets import Buckets, Content
from replicator.local.storage.errors import StorageError

if TYPE_CHECKING:
    from replicator.local.bigquery.api.knobs import Knobs

# How the names of the regions begin that a multi-region contains (bigquery/docs/locations#multi-regions).
_CONTAINS: Final = {"EU": "europe-", "US": "us-"}
_WRITTEN: Final = "application/octet-stream"


class CloudStorage:
    """Where files are; without ``buckets`` there is no Cloud Storage beside this BigQuery."""

    def __init__(self, buckets: Buckets | None, knobs: Knobs) -> None:
        self._buckets = buckets
        self._knobs = knobs

    def find(self, uris: Sequence[Uri], *, location: str) -> list[Uri]:
        """The objects that the URIs of a load in ``location`` stand for, in the order of the URIs and their names.

        Raises:
            BigQueryError: ``notFound``: a URI stands for nothing; ``invalid``: it lies elsewhere.
        """
        found: list[Uri] = []
        for uri in uris:
            self._check_location(uri.bucket, job=location, reads=True)
            try:
                names = [blob.name for blob in self._there().blobs(uri.bucket)]
            except StorageError:
                names = []
            matching = uri.matching(names)
            if not matching:
                refuse("notFound", f"Not found: {'Uris' if uri.wildcard else 'URI'} {uri}", location=str(uri))
            found.extend(Uri(uri.bucket, name) for name in matching)
        return found

    def read(self, uri: Uri) -> bytes:
        """What an object holds.

        Raises:
            BigQueryError: ``notFound``: it has gone meanwhile.
        """
        try:
            return self._there().read(uri.bucket, uri.name)[1]
        except StorageError as error:
            reason = "notFound"
            raise BigQueryError(reason, f"Not found: URI {uri}", location=str(uri)) from error

    def check_destination(self, uri: Uri, *, location: str) -> None:
        """Refuse to write where there is no bucket, or elsewhere than a job in ``location`` may.

        Raises:
            BigQueryError: ``notFound``, or ``invalid``.
        """
        if self._there().find(uri.bucket) is None:
            refuse("notFound", f"Not found: Bucket {uri.bucket}", location=str(uri))
        self._check_location(uri.bucket, job=location, reads=False)

    def there(self, uri: Uri) -> bool:
        """Whether an object has this name, or one of those that it stands for."""
        return bool(uri.matching(blob.name for blob in self._there().blobs(uri.bucket)))

    def write(self, uri: Uri, data: bytes) -> None:
        """Put a file in, in the place of one that has its name.

        Raises:
            BigQueryError: ``invalid``: there can be no such object; ``notFound``: the bucket has gone meanwhile.
        """
        try:
            self._there().write(uri.bucket, uri.name, Content(data, {"contentType": _WRITTEN}))
        except StorageError as error:
            reason = "notFound" if error.reason == "notFound" else "invalid"
            raise BigQueryError(reason, f"{error.message} ({uri})", location=str(uri)) from error

    def _there(self) -> Buckets:
        if self._buckets is None:
            what = "Cloud Storage beside a BigQuery that is served alone"
            raise unmodelled(what)
        return self._buckets

    def _check_location(self, name: str, *, job: str, reads: bool) -> None:
        """Hold a bucket against where a job runs, where the knob says that they have to be co-located.

        Since 2025-05-14 they need not be (release-notes). As loading-data-cloud-storage says, a multi-region takes
        buckets of the regions in it, US those of everywhere.
        """
        bucket = self._there().find(name)
        if bucket is None or self._knobs.files_across_locations or job == "US":
            return
        within = _CONTAINS.get(job)
        if bucket.location == job or (within is not None and bucket.location.startswith(within)):
            return
        source, target = (bucket.location, job) if reads else (job, bucket.location)
        # In these words (GoogleCloudDataproc/hadoop-connectors#141, apache/beam#5001).
        refuse("invalid", f"Cannot read and write in different locations: source: {source}, destination: {target}")
