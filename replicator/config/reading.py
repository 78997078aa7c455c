"""From a document to a pipeline, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from replicator.config.checks import Draft, Finding, findings
from replicator.config.pipeline import Pipeline
from replicator.config.section import UNKNOWN_KEY
from replicator.errors import ConfigError, Problem
from replicator.source.layers import without_nulls
from replicator.source.paths import FieldPath, show
from replicator.source.reader import parse
from replicator.source.tree import ListNode, MapNode, Node, Plain, ScalarNode, key_place_of, place_of, plain

# What stands in for a value that is wrong or missing, so that the rest can still be looked at.
_PIPELINE_FILLER: Final[Mapping[str, Plain]] = {
    "version": "1",
    "pipeline": "filler",
    "target": {
        "table": "filler.filler.filler",
        "location": "EU",
        "partition": {"column": "filler", "by": "day"},
        "source_column": "filler_source",
    },
    "state": {"dataset": "filler.filler"},
}
_SOURCE_FILLER: Final[Mapping[str, Plain]] = {
    "name": "filler",
    "project": "filler",
    "location": "EU",
    "tables": {"shards": "filler_", "suffix": "%Y%m%d"},
    "columns": {"exclude": [], "hash": [], "rename": {}},
}
# Maps and lists in which one value can be filled and the others kept.
_DIVISIBLE: Final = frozenset({"target", "partition", "state", "columns", "exclude", "hash", "rename"})


def parse_pipeline(text: str, file: Path) -> Pipeline:
    """Read a pipeline from YAML; ``file`` is only named in places.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    return build_pipeline(parse(text, file))


def build_pipeline(document: Node) -> Pipeline:
    """Check a document and make a pipeline of it.

    Raises:
        ConfigError: Everything that is wrong with it, each with its place. What concerns several parts is
            looked at as far as those parts are right.
    """
    if not isinstance(document, MapNode):
        raise ConfigError((Problem(document.place, "", "is no map", "write keys and values, 'version: 1' first"),))
    root = without_nulls(document)
    raw = plain(root)
    empty = frozenset(_empty_values(root, ()))
    errors: list[ErrorDetails] = []
    try:
        draft = Draft(Pipeline.model_validate(raw, context=root))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        draft = _mended(raw, {_path(detail) for detail in errors})
    problems = [_problem(root, detail) for detail in errors if _path(detail) not in empty]
    problems += [_empty(root, path) for path in empty]
    problems += [_found(root, finding) for finding in findings(draft)]
    if problems:
        raise ConfigError(tuple(problems))
    return draft.pipeline


def _empty_values(node: Node, path: FieldPath) -> Iterator[FieldPath]:
    match node:
        case MapNode():
            for entry in node.entries:
                yield from _empty_values(entry.value, (*path, entry.key))
        case ListNode():
            for index, item in enumerate(node.items):
                yield from _empty_values(item, (*path, index))
        case ScalarNode():
            if node.is_empty:
                yield path


def _path(detail: ErrorDetails) -> FieldPath:
    # pydantic ends the location of a dictionary's wrong key with this mark.
    return tuple(part for part in detail["loc"] if part != "[key]")


def _problem(root: Node, detail: ErrorDetails) -> Problem:
    path = _path(detail)
    at_key = detail["type"] == UNKNOWN_KEY or detail["loc"][-1:] == ("[key]",)
    place = key_place_of(root, path) if at_key else place_of(root, path)
    context = detail["ctx"]
    return Problem(place, show(path), context["fact"], context["remedy"])


def _empty(root: Node, path: FieldPath) -> Problem:
    return Problem(key_place_of(root, path), show(path), "is empty", "write a value, or null to leave it out")


def _found(root: Node, finding: Finding) -> Problem:
    return Problem(place_of(root, finding.path), show(finding.path), finding.fact, finding.remedy)


def _mended(raw: Plain, wrong: Iterable[FieldPath]) -> Draft:
    """The pipeline, fillers in the place of what is wrong, so that everything else can be compared."""
    document = dict(raw) if isinstance(raw, dict) else {}
    sources = document.pop("sources", None)
    gaps: set[FieldPath] = set()
    mended = _filled(document, _PIPELINE_FILLER, frozenset(wrong), (), gaps)
    if isinstance(sources, list) and sources:
        paths = ((source, ("sources", index)) for index, source in enumerate(sources))
        mended["sources"] = [_mended_source(source, frozenset(wrong), path, gaps) for source, path in paths]
    else:
        gaps.add(("sources",))
        mended["sources"] = [{**_SOURCE_FILLER, "datasets": "filler"}]
    return Draft(Pipeline.model_validate(mended), frozenset(gaps))


def _mended_source(source: Plain, wrong: frozenset[FieldPath], path: FieldPath, gaps: set[FieldPath]) -> Plain:
    mended = _filled(source, _SOURCE_FILLER, wrong, path, gaps)
    pair = {(*path, "tables"), (*path, "datasets")}
    if path in gaps or pair & (gaps | wrong):
        # Which datasets there may be depends on the tables: the two are right or filled together.
        gaps |= pair
        mended |= {"tables": _SOURCE_FILLER["tables"], "datasets": "filler"}
    return mended


def _filled(
    given: Plain, filler: Mapping[str, Plain], wrong: frozenset[FieldPath], path: FieldPath, gaps: set[FieldPath]
) -> dict[str, Plain]:
    """``given`` with what ``filler`` has for each key that is missing or has something wrong in it."""
    if not isinstance(given, dict) or path in wrong:
        gaps.add(path)
        return dict(filler)
    filled: dict[str, Plain] = {}
    for key in dict.fromkeys((*given, *filler)):
        here = (*path, key)
        instead = filler.get(key)
        if key in given and not any(other[: len(here)] == here for other in wrong):
            filled[key] = given[key]
        elif key in _DIVISIBLE and isinstance(given.get(key), dict) and isinstance(instead, dict):
            filled[key] = _filled(given[key], instead, wrong, here, gaps)
        elif key in _DIVISIBLE and isinstance(items := given.get(key), list) and isinstance(instead, list):
            filled[key] = [f"filler_{n}" if (*here, n) in wrong else item for n, item in enumerate(items)]
        else:
            gaps.add(here)
            filled |= {key: instead} if key in filler else {}
    return filled
