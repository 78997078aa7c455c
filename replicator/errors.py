"""Errors that a person reads: the place, the fact, the remedy.

``ReplicatorError``
├── ``UsageError``      the command line or a config is wrong; exit 2
│   └── ``ConfigError`` one or more problems in configuration files, all of them at once
├── ``StaleError``      something written is out of date; exit 3
└── ``FailedError``     what was asked could not be done; exit 1
    └── ``NotFoundError`` it is not there
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the process answers to the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STALE = 3


class ReplicatorError(Exception):
    """The root of every error that is told to a person in one sentence, without a traceback."""

    exit_code = ExitCode.FAILED


class UsageError(ReplicatorError):
    """The command line, an environment variable or a config is wrong; nothing was touched."""

    exit_code = ExitCode.USAGE


class StaleError(ReplicatorError):
    """A file that is made from others no longer matches them."""

    exit_code = ExitCode.STALE


class FailedError(ReplicatorError):
    """What was asked for was tried, or looked at, and could not be done."""


class NotFoundError(FailedError):
    """What was asked for, or asked of, is not there."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a text file; ``line`` and ``column`` count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file: where it is, which field it is about, what is wrong, what would be right."""

    place: Place
    field: str
    fact: str
    remedy: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.place}: {field}{self.fact}{remedy}"


class ConfigError(UsageError):
    """Everything that is wrong with the configuration, in the order of the files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
