"""From an order to a file that is right: the way of ``replicator onboard``, step by step."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from replicator.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from replicator.cli.asking import Asking
    from replicator.cli.invocation import Invocation
    from replicator.config.pipeline import Pipeline
    from replicator.names import TableRef
    from replicator.onboard.drafts import SourceDraft
    from replicator.onboard.layout import Layout, Own
    from replicator.onboard.metadata import Described, Metadata
    from replicator.onboard.survey import Subject, Survey
    from replicator.plan.plan import Plan

Name = TypeVar("Name")
_SHOWN: Final = 3
"""Datasets that are named when several things can be chosen from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed; None for what was not."""

    scope: str
    into: str | None
    target: str | None
    state: str | None
    source: str | None
    partition_column: str | None
    source_column: str | None
    keys: tuple[str, ...]
    newest_by: str | None
    staging_project: str | None
    keep_personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A pipeline file that is right, before or after it is written.

    Attributes:
        file: Where it belongs.
        text: All of it, line ends as they are.
        new: Whether there was none before.
        pipeline: What it says.
        sources: The names of the sources that are new in it.
    """

    file: Path
    text: str
    new: bool
    pipeline: Pipeline
    sources: tuple[str, ...]

    def write(self) -> None:
        """Write it, and beside it the schema that it names."""
        from replicator.config.schemafile import SCHEMA_FILE, schema_text

        self.file.parent.mkdir(parents=True, exist_ok=True)
        schema = self.file.parent / SCHEMA_FILE
        if self.new and (not schema.exists() or schema.read_text("utf-8") != schema_text()):
            schema.write_text(schema_text(), encoding="utf-8")
        # All or nothing, also for a file that a person wrote; line ends are its own.
        path = self.file.resolve()
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(self.text.encode("utf-8"))
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)

    def plan_of_new(self) -> Plan:
        """The plan of the pipeline with the new sources alone."""
        from replicator.plan.build import build_plan

        plan = build_plan(self.pipeline)
        return replace(plan, sources=tuple(route for route in plan.sources if route.name in self.sources))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is brought: found among what, its newest table in each of its places, and older ones."""

    found: Survey
    subject: Subject
    tables: tuple[Described, ...]
    older: tuple[Described, ...]


class Onboarding:
    """One command's work; asks for what it is not told."""

    def __init__(self, invocation: Invocation, metadata: Metadata, asking: Asking) -> None:
        self._invocation = invocation
        self._metadata = metadata
        self._asking = asking

    def propose(self, order: Order) -> Written:
        """Look, decide, write in memory, and validate; nothing on disk is touched.

        Raises:
            UsageError: Something has to be said that was not, or does not fit.
            ConfigError: The files that are there have mistakes, or the new source does not fit its pipeline.
            FailedError: What is asked for is not there, or cannot be read.
        """
        from replicator.onboard.survey import Scope, newest_tables, oldest_tables, survey

        scope = Scope.parse(order.scope)
        known = self._known()
        into = next((each for each in known if each.name == order.into), None)
        if order.into is not None and into is None and order.target is None:
            names = ", ".join(each.name for each in known) or "none"
            msg = f"there is no pipeline '{order.into}' (there is {names}); add --target to make it"
            raise UsageError(msg)
        found = survey(self._metadata, scope)
        subject = self._subject(found)
        click.echo(f"found {subject.title}", err=True)
        metadata = self._metadata
        seen = _Seen(found, subject, newest_tables(metadata, subject), oldest_tables(metadata, subject))
        return self._added(order, seen, into) if into is not None else self._made(order, seen, known)

    def _known(self) -> tuple[Pipeline, ...]:
        """The pipelines that there are; none where there is no directory yet."""
        configs = self._invocation.configs
        if not configs.is_dir() or not any(configs.glob("*.y*ml")):
            return ()
        return self._invocation.project().pipelines

    def _subject(self, found: Survey) -> Subject:
        from replicator.onboard.survey import obvious

        subject = obvious(found)
        if subject is not None:
            return subject
        scope = found.scope
        choices = []
        for each in found.subjects:
            dataset = each.places[0].ref.dataset if len(each.places) == 1 else scope.dataset or "*"
            held = ", ".join(place.ref.dataset for place in each.places[:_SHOWN])
            more = f" and {len(each.places) - _SHOWN} more" if len(each.places) > _SHOWN else ""
            choices.append(f"{scope.project}.{dataset}.{each.pattern}  {each.title} in {held}{more}")
        question = f"{scope} holds {len(choices)} things that would each be a pipeline of their own"
        return found.subjects[self._asking.choose(question, choices, "name one of them")]

    def _added(self, order: Order, seen: _Seen, into: Pipeline) -> Written:
        """The pipeline's own file, with the sources behind its last one."""
        from replicator.onboard.destination import of_pipeline
        from replicator.onboard.inserting import insert_sources
        from replicator.onboard.writing import source_lines

        _refuse_decided(order, into)
        file = into.place(("sources",)).file
        if file != into.place(("pipeline",)).file:
            msg = f"the sources of pipeline '{into.name}' are in {file}, which others share; add the source by hand"
            raise UsageError(msg)
        layout = self._layout(seen, of_pipeline(into))
        drafts = _drafts(order, seen, layout, [source.name for source in into.sources])
        text = insert_sources(
            file.read_bytes().decode("utf-8"),
            file,
            lambda dash, keys: [source_lines(draft, dash=dash, keys=keys) for draft in drafts],
        )
        return self._validated(into.name, file, text, drafts)

    def _made(self, order: Order, seen: _Seen, known: tuple[Pipeline, ...]) -> Written:
        """A new pipeline file."""
        from replicator.config.schemafile import SCHEMA_LINE
        from replicator.names import DatasetRef
        from replicator.onboard.destination import Merging, destination, new_pipeline
        from replicator.onboard.layout import Own
        from replicator.onboard.naming import name_of
        from replicator.onboard.writing import pipeline_text

        export = seen.subject.export
        name = order.into or (export.pipeline if export is not None else name_of(seen.subject.name))
        file = self._invocation.configs / f"{name}.yaml"
        if file.exists() or any(each.name == name for each in known):
            msg = f"there is a pipeline '{name}' already; write --into {name} to add to it, or --into with a new name"
            raise UsageError(msg)
        place = destination(
            self._metadata,
            self._target(order, name, known),
            state=None if order.state is None else _named("--state", order.state, DatasetRef.parse),
            wished=Own(partition_column=order.partition_column, source_column=order.source_column),
            known=known,
        )
        layout = self._layout(seen, place.own)
        drafts = _drafts(order, seen, layout, ())
        merging = Merging(keys=order.keys, newest_by=order.newest_by)
        draft = new_pipeline(name, seen.subject, seen.tables, layout, place, merging, drafts)
        return self._validated(name, file, pipeline_text(draft, schema_line=SCHEMA_LINE), drafts)

    def _target(self, order: Order, name: str, known: tuple[Pipeline, ...]) -> TableRef:
        from replicator.names import TableRef

        beside = {each.target.table.parent for each in known}
        default = str(next(iter(beside)).table(name)) if len(beside) == 1 else None
        otherwise = "add --target PROJECT.DATASET.TABLE, or --into a pipeline that exists"
        target = order.target or self._asking.text("Table that the rows shall go to", default, otherwise)
        return _named("--target", target, TableRef.parse)

    def _layout(self, seen: _Seen, own: Own) -> Layout:
        from replicator.onboard.layout import layout_for

        return layout_for(seen.subject, seen.tables, own)

    def _validated(self, name: str, file: Path, text: str, drafts: tuple[SourceDraft, ...]) -> Written:
        """What the files would say with this one among them."""
        from replicator.cli.render import document_text
        from replicator.config.project import load_project
        from replicator.plan.warnings import warnings

        invocation = self._invocation
        # A mark before the text belongs to the file, and not to what is in it.
        read = {file: text.removeprefix("\ufeff")}
        try:
            project = load_project(invocation.configs, environment=invocation.environment, drafts=read)
            pipeline = project.pipeline(name)
            document_text(pipeline)
        except ConfigError:
            click.echo(f"nothing was written; this is what would be wrong in {file}:", err=True)
            raise
        for warning in warnings(pipeline):
            click.echo(f"warning: {warning}", err=True)
        return Written(
            file=file, text=text, new=not file.exists(), pipeline=pipeline,
            sources=tuple(draft.name for draft in drafts),
        )  # fmt: skip


def _drafts(order: Order, seen: _Seen, layout: Layout, taken: Collection[str]) -> tuple[SourceDraft, ...]:
    from replicator.onboard.proposal import Wishes, sources_for

    wishes = Wishes(
        source=order.source, staging_project=order.staging_project, keep_personal=order.keep_personal, taken=taken
    )
    drafts = sources_for(seen.found, seen.subject, seen.tables, seen.older, layout, wishes)
    for conflict in drafts[0].left_out:
        click.echo(f"warning: {conflict.path} is {conflict.why}; no table can hold both, so it is left out", err=True)
    return drafts


def _refuse_decided(order: Order, into: Pipeline) -> None:
    """Refuse what the pipeline that is added to has decided otherwise.

    Raises:
        UsageError: It was typed.
    """
    given = (
        ("--target", order.target if order.target != str(into.target.table) else None),
        ("--state", order.state if order.state != str(into.state.dataset) else None),
        ("--partition-column", order.partition_column),
        ("--source-column", order.source_column),
        ("--keys", order.keys),
        ("--newest-by", order.newest_by),
    )
    decided = next((flag for flag, value in given if value), None)
    if decided is not None:
        msg = f"{decided}: pipeline '{into.name}' has decided that already; leave it out, or leave --into out"
        raise UsageError(msg)


def _named(flag: str, text: str, parse: Callable[[str], Name]) -> Name:
    from replicator.names import MalformedNameError

    try:
        return parse(text)
    except MalformedNameError as error:
        msg = f"{flag}: {error}"
        raise UsageError(msg) from error
