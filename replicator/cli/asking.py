"""What a command does not know and a person may: asked at a terminal, or refused with the option that says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import click

from replicator.errors import UsageError


class Asking(Protocol):
    """Somebody who may be asked."""

    def choose(self, question: str, choices: Sequence[str], otherwise: str) -> int:
        """The index of one of the choices.

        Args:
            question: What is asked.
            choices: One line each.
            otherwise: What to type where nobody can be asked.

        Raises:
            UsageError: Nobody can be asked.
        """
        ...

    def text(self, question: str, default: str | None, otherwise: str) -> str:
        """An answer in words.

        Args:
            question: What is asked.
            default: What an empty answer means, if anything.
            otherwise: What to type where nobody can be asked.

        Raises:
            UsageError: Nobody can be asked.
        """
        ...


class Terminal:
    """A person at a terminal; questions go to stderr, since stdout is the answer."""

    def choose(self, question: str, choices: Sequence[str], otherwise: str) -> int:
        """Ask for a number; ``otherwise`` is for those who cannot be asked."""
        del otherwise
        click.echo(question, err=True)
        for number, choice in enumerate(choices, start=1):
            click.echo(f"  {number:>3}  {choice}", err=True)
        return int(click.prompt("Number", type=click.IntRange(1, len(choices)), err=True)) - 1

    def text(self, question: str, default: str | None, otherwise: str) -> str:
        """Ask for a text; ``otherwise`` is for those who cannot be asked."""
        del otherwise
        return str(click.prompt(question, default=default, err=True))


class Flags:
    """Nobody: everything has to be said by options."""

    def choose(self, question: str, choices: Sequence[str], otherwise: str) -> int:
        """Refuse, with all the choices."""
        listed = "".join(f"\n  {choice}" for choice in choices)
        msg = f"{question}; {otherwise}{listed}"
        raise UsageError(msg)

    def text(self, question: str, default: str | None, otherwise: str) -> str:
        """Refuse."""
        del default
        msg = f"{question}: not said; {otherwise}"
        raise UsageError(msg)
