"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Files that a reviewer approved are written again only when somebody asks for it."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the expected documents and the generated parts of the README again, to be reviewed as a diff",
    )
