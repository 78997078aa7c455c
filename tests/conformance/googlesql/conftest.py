"""Options of the comparison with GoogleSQL."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """More examples than there is time for every day; given with the path of this folder."""
    parser.addoption("--expressions", type=int, default=2_000, help="how many random expressions are compared")
    parser.addoption("--queries", type=int, default=100, help="how many random queries are compared")
    parser.addoption("--calls", type=int, default=8, help="how many calls of each function are compared")
    parser.addoption("--mutations", type=int, default=1_500, help="how many broken queries are compared")
