"""Drafts as YAML, the way a person would have written it: one key a line, and above it why."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from replicator.onboard.drafts import PipelineDraft, SourceDraft
from replicator.onboard.personal import Personal, Use

_WIDTH: Final = 118
# Every reader takes these for the text they are; what YAML has a meaning of its own for is quoted.
_BARE: Final = re.compile(r"[A-Za-z_][\w.@-]*", re.ASCII)
_MEANINGFUL: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def pipeline_text(draft: PipelineDraft, *, schema_line: str) -> str:
    """A whole pipeline file."""
    note = draft.notes
    lines = [
        schema_line,
        *_comment(draft.title, ""),
        "version: 1",
        f"pipeline: {scalar(draft.name)}",
        "",
        "target:",
        f"  table: {scalar(str(draft.target))}",
        *_comment(note.get("location"), "  "),
        f"  location: {scalar(draft.location)}",
        *_comment(note.get("partition"), "  "),
        f"  partition: {_flow({'column': draft.partition_column, 'by': draft.by.value})}",
        *_comment(note.get("source_column"), "  "),
        f"  source_column: {scalar(draft.source_column)}",
        "",
        *_comment(note.get("state"), ""),
        f"state: {_flow({'dataset': str(draft.state)})}",
        "",
        "sources:",
    ]
    for index, source in enumerate(draft.sources):
        lines += [*([""] if index else []), *source_lines(source, dash=2, keys=4)]
    lines += ["", *_comment(note.get("incremental"), ""), f"incremental: {scalar(draft.incremental)}"]
    lines += [*_comment(note.get("merge"), ""), f"merge: {draft.merge}", ""]
    return "\n".join(lines)


def source_lines(draft: SourceDraft, *, dash: int, keys: int) -> list[str]:
    """One item of ``sources``.

    Args:
        draft: The source.
        dash: Blanks before its ``-``.
        keys: Blanks before its keys, more than ``dash``.
    """
    indent = " " * keys
    lines = [*_comment(draft.title, " " * dash)]
    lines.append(f"{' ' * dash}-{' ' * (keys - dash - 1)}name: {scalar(draft.name)}")

    def add(key: str, value: str) -> None:
        lines.extend(_comment(draft.notes.get(key), indent))
        lines.append(f"{indent}{key}: {value}")

    if draft.id is not None:
        add("id", scalar(draft.id))
    add("project", scalar(draft.project))
    add("location", scalar(draft.location))
    if draft.datasets:
        add("datasets", _datasets(draft.datasets))
    add("tables", _flow(dict(draft.tables)))
    lines.extend(_columns(draft, indent))
    if draft.staging_project is not None:
        add("staging", _flow({"project": draft.staging_project}))
    return lines


def scalar(text: str) -> str:
    """One value, quoted where something else than this text could be read."""
    if _BARE.fullmatch(text) and text.lower() not in _MEANINGFUL:
        return text
    return json.dumps(text, ensure_ascii=False)


def _flow(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {scalar(value)}" for key, value in pairs.items()) + "}"


def _datasets(patterns: tuple[str, ...]) -> str:
    if len(patterns) == 1:
        return json.dumps(patterns[0])
    return "{include: [" + ", ".join(json.dumps(pattern) for pattern in patterns) + "]}"


def _columns(draft: SourceDraft, indent: str) -> Iterator[str]:
    if draft.kept:
        yield from _comment(_told(draft.personal), indent)
    rules = [(each.use, each.path, each.why) for each in draft.proposed]
    rules += [(Use.EXCLUDE, each.path, each.why) for each in draft.left_out]
    if not rules and not draft.rename:
        return
    yield from _comment(draft.notes.get("columns") if draft.proposed else None, indent)
    yield f"{indent}columns:"
    for use in Use:
        of_use = [(path, why) for used, path, why in rules if used is use]
        if of_use:
            yield f"{indent}  {use}:"
            width = max(len(path) for path, _ in of_use)
            yield from (f"{indent}    - {path:<{width}}  # {why}" for path, why in of_use)
    if draft.rename:
        yield from _comment(draft.notes.get("rename"), f"{indent}  ")
        yield f"{indent}  rename: {_flow(draft.rename)}"


def _told(personal: tuple[Personal, ...]) -> str | None:
    if not personal:
        return None
    paths = ", ".join(each.path for each in personal)
    return f"By their names these look personal, and leave the source as they are: {paths}."


def _comment(text: str | None, indent: str) -> list[str]:
    if not text:
        return []
    width = _WIDTH - len(indent)
    lines: list[str] = []
    for line in text.splitlines():
        # What is indented is to be copied, and stays on its line.
        kept = line.startswith(" ")
        lines += [line] if kept else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in lines]
