"""The benchmark of steps keeps to its bounds."""

from __future__ import annotations

import pytest

from benchmarks import workflow_steps


@pytest.mark.slow
def test_steps_are_fast_and_memory_stays_flat(capsys: pytest.CaptureFixture[str]) -> None:
    """50,000 steps a second of one thread's time, and 100,000 steps take no more memory than 100."""
    code = workflow_steps.main()

    assert code == 0, capsys.readouterr().out
