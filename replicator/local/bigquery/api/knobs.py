"""What a service of this kind does at a rate of its own, and a test may set while it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from replicator import limits


@dataclass(slots=True)
class Knobs:
    """Set at any time; what is under way goes on as it began.

    Attributes:
        concurrent_queries: How many query jobs of one project and location run at once, from 1; the others are PENDING.
            The service decides by itself (query-queues: maximum concurrency).
        queued_queries: How many more may be PENDING; the next one fails (query-queues: 1,000 interactive queries).
        streaming_buffer_seconds: How long rows of tabledata.insertAll stay in the streaming buffer, by the server's
            clock: queries see them, copies do not, and DML on them is refused. On the service minutes, rarely 90
            (write-api-rest).
        copies_run_in: Where a copy job across locations has to run: no page says whether its job belongs to the
            location of the ``destination`` or of the ``source``; in the other one the dataset is not found.
        partitions_across_locations: A copy job takes partition decorators across locations; no page says so
            (managing-tables speaks of whole tables).
        files_across_locations: Loads and extracts take buckets of any location (release-notes, 2025-05-14); without it
            bucket and dataset have to be co-located, as loading-data-cloud-storage still says.
        extract_file_bytes: The logical bytes of one extracted file, from 1: more is refused without ``*`` in its URI
            (exporting-data), and with it begins another file; no page tells when one begins.
    """

    concurrent_queries: int = 100
    queued_queries: int = 1_000
    streaming_buffer_seconds: float = 0.0
    copies_run_in: Literal["destination", "source"] = "destination"
    partitions_across_locations: bool = False
    files_across_locations: bool = True
    extract_file_bytes: int = limits.EXTRACTED_FILE_BYTES.value
