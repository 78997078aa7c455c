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
    "datasets": "filler",
}


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
    """The pipeline with a filler for each top-level key, and each key of a source, that has something wrong in it."""
    document = raw if isinstance(raw, dict) else {}
    gaps = {path[:3] if path[0] == "sources" else path[:1] for path in wrong}
    whole = {str(path[0]) for path in gaps if len(path) == 1}
    mended = _filled(document, whole, _PIPELINE_FILLER)
    sources = document.get("sources")
    if "sources" in whole or not isinstance(sources, list):
        gaps.add(("sources",))
        mended["sources"] = [dict(_SOURCE_FILLER)]
    else:
        mended["sources"] = [_mended_source(source, index, gaps) for index, source in enumerate(sources)]
    return Draft(Pipeline.model_validate(mended), frozenset(gaps))


def _mended_source(source: Plain, index: int, gaps: set[FieldPath]) -> Plain:
    if ("sources", index) in gaps or not isinstance(source, dict):
        gaps.add(("sources", index))
        return dict(_SOURCE_FILLER)
    wrong = {str(path[2]) for path in gaps if len(path) == 3 and path[1] == index}
    if "tables" in wrong:
        # Which datasets there may be depends on the tables.
        wrong.add("datasets")
        gaps.add(("sources", index, "datasets"))
    return _filled(source, wrong, _SOURCE_FILLER)


def _filled(given: Mapping[str, Plain], wrong: set[str], filler: Mapping[str, Plain]) -> dict[str, Plain]:
    kept = {key: value for key, value in given.items() if key not in wrong}
    return kept | {key: filler[key] for key in wrong if key in filler}
