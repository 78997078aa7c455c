"""Bodies of requests."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.api.http import failure, read_object
from replicator.local.bigquery.errors import BigQueryError


@pytest.mark.parametrize(
    "body", [b"[1]", b"{", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": "\\ud800"}']
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """400, also where Python would read it: what is kept has to be written again."""
    with pytest.raises(BigQueryError, match="Invalid JSON payload received") as refused:
        read_object(body)
    assert refused.value.status == 400


def test_an_object_is_read() -> None:
    """Nothing at all is an empty one."""
    assert read_object(b'{"a": [1.5, "\\u00e9\\ud83d\\ude00"]}') == {"a": [1.5, "\u00e9\U0001f600"]}
    assert read_object(b" ") == {}


def test_an_error_has_one_status() -> None:
    """The answer's is the body's, also where the job ended well enough for a 200."""
    answer = failure(BigQueryError("stopped", "Job execution was cancelled"))
    assert answer.body is not None
    assert answer.status == answer.body["error"]["code"] == 400
