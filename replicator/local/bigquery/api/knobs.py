"""What a service of this kind does at a rate of its own, and a test may set while it serves."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    concurrent_queries: int = 100
    queued_queries: int = 1_000
    streaming_buffer_seconds: float = 0.0
