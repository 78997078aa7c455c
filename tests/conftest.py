"""Options of the whole suite."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

COUNTED = ("statements before GoogleSQL", "random expressions before GoogleSQL")
"""Properties of reports whose counts are summed and printed, for a share is for people to see."""


def pytest_configure() -> None:
    """A shell that starts the tests behind itself lets them ignore interrupts, and all that they start would, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Files that a reviewer approved are written again only when somebody asks for it; what takes hours can be cut."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the expected documents and the generated parts of the README again, to be reviewed as a diff",
    )
    parser.addoption(
        "--points",
        type=int,
        help="of -m crash_everywhere: at most so many points of each kind of run, chosen by chance; all if not said",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was compared with GoogleSQL, how much of it was refused, and why."""
    sums: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
    for report in (each for reports in terminalreporter.stats.values() for each in reports):
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            for name, value in report.user_properties:
                if name in sums and isinstance(value, dict):
                    sums[name].update(value)
    for name, counts in sums.items():
        if counts:
            shares = ", ".join(f"{what} {count} ({count / counts.total():.1%})" for what, count in counts.most_common())
            terminalreporter.write_line(f"{counts.total()} {name}: {shares}")
