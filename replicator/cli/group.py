"""A command group that knows its verbs' names and help without importing them.

``replicator --help`` is typed often, and Google's clients alone take longer to import than it may take.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb's command lives, and what the list of verbs says of it.

    Attributes:
        module: Holds a ``click.Command`` named ``command``.
        help: One line.
    """

    module: str
    help: str


class VerbCommand(click.Command):
    """A verb whose help keeps examples as they are typed: a paragraph with indented lines is not filled."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write what the verb does, and its examples."""
        _write_paragraphs(self.help, formatter)


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called, or when their own help is asked for."""

    def __init__(self, *args: Any, verbs: Mapping[str, Verb], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write what the group is, and its examples."""
        _write_paragraphs(self.help, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The verbs, in the order in which a newcomer meets them."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """The verb's command, imported now."""
        verb = self._verbs.get(cmd_name)
        if verb is None:
            return None
        command = importlib.import_module(verb.module).command
        if not isinstance(command, click.Command):
            msg = f"{verb.module} holds no command"
            raise TypeError(msg)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or refuse with the nearest one.

        Raises:
            click.UsageError: There is no such verb.
        """
        name = args[0]
        if name not in self._verbs and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, self._verbs, n=1)
            remedy = f"did you mean '{near[0]}'?" if near else f"choose from {', '.join(self._verbs)}"
            ctx.fail(f"no such command '{name}'; {remedy}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write the list of verbs from what is known without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in self._verbs.items()])


def _write_paragraphs(text: str | None, formatter: click.HelpFormatter) -> None:
    """Fill prose to the width of the terminal, and leave examples alone."""
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        formatter.write_paragraph()
        with formatter.indentation():
            if "\n " in paragraph:
                margin = " " * formatter.current_indent
                formatter.write("".join(f"{margin}{line}\n" for line in paragraph.splitlines()))
            else:
                formatter.write_text(paragraph)
