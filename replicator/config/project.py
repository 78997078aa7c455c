"""All pipelines of a directory: defaults below, each file, an environment above."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from replicator.config.owners import common_value
from replicator.config.pipeline import Pipeline
from replicator.config.reading import build_pipeline
from replicator.config.section import nearest, suggest
from replicator.errors import ConfigError, Problem, UsageError
from replicator.source.layers import overlay
from replicator.source.paths import show
from replicator.source.reader import parse, read
from replicator.source.tree import MapNode, ScalarNode

DEFAULTS: Final = "defaults.yaml"
ENVIRONMENTS: Final = "environments"

# resource-manager/docs/labels-overview#requirements; what is deployed carries its environment as a label.
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_FORM: Final = "rename it to lower-case letters, digits, '-' and '_', a letter first, at most 63"


@dataclass(frozen=True, slots=True)
class Project:
    """What a directory of configs holds.

    Attributes:
        directory: Where it was read from.
        environment: The environment that was laid above it, if one was chosen.
        pipelines: Every pipeline, by name.
    """

    directory: Path
    environment: str | None
    pipelines: tuple[Pipeline, ...]

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline of that name.

        Raises:
            UsageError: There is none.
        """
        for pipeline in self.pipelines:
            if pipeline.name == name:
                return pipeline
        msg = f"{self.directory} has no pipeline '{name}'; {suggest(name, (p.name for p in self.pipelines))}"
        raise UsageError(msg)


@dataclass(frozen=True, slots=True)
class _Environment:
    """What an environment changes in every pipeline, and in single ones."""

    every: MapNode | None
    single: MapNode | None


def load_project(
    directory: Path, *, environment: str | None, drafts: Mapping[Path, str] = MappingProxyType({})
) -> Project:
    """Read every pipeline file of ``directory``.

    ``defaults.yaml`` lies below each of them and ``environments/<environment>.yaml`` above; maps are joined key by
    key, lists are replaced. Under ``pipelines:`` an environment can name what it changes in one pipeline only.

    Args:
        directory: Where the files are.
        environment: The name of the file above them, or None.
        drafts: Texts of pipeline files of the directory that are read instead of what is there, if anything is.

    Raises:
        UsageError: There is no such directory, no pipeline in it, or no such environment.
        ConfigError: Everything that is wrong in all of the files.
    """
    files = tuple(sorted({*drafts, *_written(directory)})) if drafts else _pipeline_files(directory)
    problems: list[Problem] = []
    defaults = _layer(directory / DEFAULTS, ("pipeline",), problems) if (directory / DEFAULTS).exists() else None
    above = _environment(directory, environment, problems)
    pipelines: list[Pipeline] = []
    named: set[str] = set()
    for file in files:
        try:
            document = parse(drafts[file], file) if file in drafts else read(file)
            if isinstance(document, MapNode):
                name = _own_name(document)
                named |= {name} if name is not None else set()
                document = _layered(document, defaults, above, name)
            pipelines.append(build_pipeline(document).within(environment))
        except ConfigError as error:
            problems.extend(error.problems)
    problems.extend(_strangers(above, named))
    problems.extend(_conflicts(pipelines))
    if problems:
        # What defaults.yaml has wrong is found once for each pipeline that it lies below.
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Project(directory, environment, tuple(sorted(pipelines, key=lambda pipeline: pipeline.name)))


def _pipeline_files(directory: Path) -> tuple[Path, ...]:
    if not directory.is_dir():
        fact = "is no directory" if directory.exists() else "does not exist"
        msg = f"{directory} {fact}; name the directory of your pipeline files with --configs"
        raise UsageError(msg)
    files = _written(directory)
    strange = sorted(path for path in directory.glob("*.yml") if path.is_file() and not path.name.startswith("."))
    if strange:
        msg = f"{strange[0]} would not be read; rename it to {strange[0].with_suffix('.yaml').name}"
        raise UsageError(msg)
    if not files:
        msg = f"{directory} holds no pipeline file; write one as {directory / '<pipeline>.yaml'}"
        raise UsageError(msg)
    return files


def _written(directory: Path) -> tuple[Path, ...]:
    """The pipeline files that are there; none where there is no such directory."""
    found = (path for path in directory.glob("*.yaml") if path.is_file() and not path.name.startswith("."))
    return tuple(sorted(path for path in found if path.name != DEFAULTS))


def _environment(directory: Path, environment: str | None, problems: list[Problem]) -> _Environment:
    if environment is None:
        return _Environment(None, None)
    folder = directory / ENVIRONMENTS
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if environment in known and not _LABEL.fullmatch(environment):
        msg = f"{folder / f'{environment}.yaml'}: '{environment}' cannot be a label of what is deployed; {_LABEL_FORM}"
        raise UsageError(msg)
    if environment not in known:
        remedy = suggest(environment, known) if known else f"write {folder / f'{environment}.yaml'}"
        msg = f"{directory} has no environment '{environment}'; {remedy}"
        raise UsageError(msg)
    layer = _layer(folder / f"{environment}.yaml", ("pipeline",), problems)
    entry = layer.entry("pipelines") if layer is not None else None
    if layer is None or entry is None:
        return _Environment(layer, None)
    if isinstance(entry.value, MapNode):
        return _Environment(layer.without("pipelines"), entry.value)
    fact, remedy = "is no map", "write the names of pipelines, and under each what changes in it"
    problems.append(Problem(entry.value.place, "pipelines", fact, remedy))
    return _Environment(layer.without("pipelines"), None)


def _layer(file: Path, forbidden: tuple[str, ...], problems: list[Problem]) -> MapNode | None:
    try:
        layer = read(file)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    if not isinstance(layer, MapNode):
        problems.append(Problem(layer.place, "", "is no map", "write the keys of a pipeline file"))
        return None
    for entry in layer.entries:
        if entry.key in forbidden:
            fact, remedy = "cannot be the same for all pipelines", "say it in each pipeline's own file"
            problems.append(Problem(entry.place, entry.key, fact, remedy))
    return layer.without(*forbidden)


def _own_name(document: MapNode) -> str | None:
    entry = document.entry("pipeline")
    return entry.value.text if entry is not None and isinstance(entry.value, ScalarNode) else None


def _layered(document: MapNode, defaults: MapNode | None, above: _Environment, name: str | None) -> MapNode:
    whole = overlay(defaults, document) if defaults is not None else document
    own = above.single.entry(name) if above.single is not None and name is not None else None
    for upper in (above.every, own.value if own is not None else None):
        if isinstance(upper, MapNode):
            whole = MapNode(document.place, overlay(whole, upper).entries)
    return whole


def _strangers(above: _Environment, named: set[str]) -> Iterator[Problem]:
    for entry in above.single.entries if above.single is not None else ():
        path = show(("pipelines", entry.key))
        if entry.key not in named:
            meant = nearest(entry.key, named)
            remedy = f"did you mean '{meant}'?" if meant else "name a pipeline of this directory"
            yield Problem(entry.place, path, "there is no such pipeline", remedy)
        elif not isinstance(entry.value, MapNode):
            yield Problem(entry.value.place, path, "is no map", "write what changes in that pipeline")


def _conflicts(pipelines: list[Pipeline]) -> Iterator[Problem]:
    """What is wrong between pipelines: names, and what those that share a target must agree on."""
    for one, other in itertools.combinations(pipelines, 2):
        if one.name == other.name:
            fact = f"'{one.name}' is the name of the pipeline at {one.place(('pipeline',))} already"
            yield other.problem(("pipeline",), fact, "give each pipeline its own")
        if one.target.table == other.target.table:
            yield from _shared_target(one, other)


def _shared_target(one: Pipeline, other: Pipeline) -> Iterator[Problem]:
    with_one = f"pipeline '{one.name}' at {one.place(())}, which shares the target"
    for key in ("location", "partition", "source_column"):
        if getattr(one.target, key) != getattr(other.target, key):
            yield other.problem(("target", key), f"is another than that of {with_one}", "make them the same")
    if one.state != other.state:
        fact = f"is another than that of {with_one}: the fence would not hold one off the other"
        yield other.problem(("state", "dataset"), fact, "make them the same")
    for source, (index, later) in itertools.product(one.sources, enumerate(other.sources)):
        value = common_value(source, later)
        if value is not None:
            fact = f"owns '{value}', which source '{source.name}' of {with_one}, owns too"
            yield other.problem(("sources", index), fact, "give one an 'id' or exclude the dataset")
