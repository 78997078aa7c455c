"""The document's text: stable, readable, complete, and no larger than the service takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from replicator import limits
from replicator.plan.plan import Statements
from replicator.workflow.document import Document, build_document
from replicator.workflow.expressions import Var
from replicator.workflow.render import DocumentTooLargeError, to_yaml
from replicator.workflow.steps import Assign, Return, Subworkflow
from tests.unit.plan.pipelines import plan, source
from tests.unit.runtime.running import run

PLAN: Final = plan(source("japan"), source("brazil", location="southamerica-east1"))
DOCUMENT: Final = build_document(PLAN)
TEXT: Final = to_yaml(DOCUMENT)
BUILT_IN: Final = {"end", "break", "continue"}


def steps(part: object) -> Iterator[tuple[str, Any]]:
    """Every step of a subworkflow as YAML has it, with its name, depth first."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "steps":
                for step in value:
                    yield from step.items()
            yield from steps(value)
    elif isinstance(part, list):
        for item in part:
            yield from steps(item)


def targets(part: object) -> Iterator[str]:
    """Every ``next`` of a subworkflow."""
    if isinstance(part, dict):
        if isinstance(part.get("next"), str):
            yield part["next"]
        for value in part.values():
            yield from targets(value)
    elif isinstance(part, list):
        for item in part:
            yield from targets(item)


def document(*values: tuple[str, Any]) -> Document:
    """A document that sets variables."""
    main = Subworkflow(
        name="main",
        purpose="Set variables.",
        parameters=(),
        steps=(Assign(name="set", values=values), Return(name="end_", value={name: Var(name) for name, _ in values})),
    )
    return Document((), (main,))


LOADED: Final = yaml.load(TEXT, Loader=yaml.CSafeLoader)


def test_the_same_plan_gives_the_same_text() -> None:
    """To the byte: a document is compared with the committed one."""
    assert to_yaml(build_document(plan(source("japan"), source("brazil", location="southamerica-east1")))) == TEXT


def test_every_statement_is_a_literal_block() -> None:
    """SQL stands in the document as it stands in the console, line by line."""
    lines = [line.strip() for line in TEXT.splitlines()]
    statements = {field.name: getattr(PLAN.statements, field.name) for field in fields(Statements)}
    # A plan that never evolves its target has no statement for it.
    for name, statement in ((name, text) for name, text in statements.items() if text is not None):
        wanted = [line.strip() for line in statement.strip().splitlines()]
        first = next(at for at, line in enumerate(lines) if lines[at : at + len(wanted)] == wanted)
        assert lines[first - 1] == "return: |", name


def test_a_step_has_a_name_of_its_own_in_its_subworkflow() -> None:
    """A name is where ``next`` goes and what a failure says, so it is there once."""
    for name, body in LOADED.items():
        found = [step for step, _ in steps(body)]
        assert len(found) == len(set(found)), name


def test_every_jump_leads_to_a_step_of_its_own_subworkflow() -> None:
    """There is no other place to go."""
    for name, body in LOADED.items():
        found = {step for step, _ in steps(body)}
        assert set(targets(body)) <= found | BUILT_IN, name


def test_everything_that_is_called_is_there_and_nothing_else() -> None:
    """A function of the platform has a dot in its name; every other is a subworkflow, and none is left over."""
    called = {body["call"] for sub in LOADED.values() for _, body in steps(sub) if "call" in body}

    assert {name for name in called if "." not in name} == LOADED.keys() - {"main"}


def test_main_reads_as_the_run() -> None:
    """It is the first thing in the document, below a header that says where the document comes from."""
    assert next(iter(LOADED)) == "main"
    assert TEXT.startswith("# Made by 'replicator render orders'")
    assert "acme-analytics.sales.orders in EU" in TEXT.splitlines()[1]


def test_a_further_source_adds_one_small_block_of_data() -> None:
    """Under 400 bytes, and nothing behind ``main``: no step and no statement is added for it."""
    one = to_yaml(build_document(replace(PLAN, sources=PLAN.sources[:1])))

    assert len(TEXT) - len(one) < 400
    assert one.partition("\n# Refuse")[2] == TEXT.partition("\n# Refuse")[2] != ""


def on_one_line(value: Any) -> Any:
    """The value with every run of white space within its texts as one space."""
    if isinstance(value, dict):
        return {key: on_one_line(child) for key, child in value.items()}
    if isinstance(value, list):
        return [on_one_line(child) for child in value]
    return " ".join(value.split()) if isinstance(value, str) else value


@pytest.mark.parametrize(("too_many", "lines"), [(2_000, 0.8), (8_000, 0.4)])
def test_a_document_that_would_not_fit_is_written_on_fewer_lines(too_many: int, lines: float) -> None:
    """The same steps and tokens; no denser than it has to be, since it is to be reviewed."""
    filler = "x" * (limits.SOURCE_BYTES.value - len(TEXT.encode()) + too_many)

    text = to_yaml(replace(DOCUMENT, header=(*DOCUMENT.header, filler)))

    assert len(text.encode()) <= limits.SOURCE_BYTES.value
    assert text.count("\n") / TEXT.count("\n") == pytest.approx(lines, abs=0.1)
    assert on_one_line(yaml.load(text, Loader=yaml.CSafeLoader)) == on_one_line(LOADED)


def test_a_document_that_is_too_large_is_refused() -> None:
    """Before anything is deployed, with both sizes and what to do."""
    too_large = document(("text", "x" * limits.SOURCE_BYTES.value))

    with pytest.raises(DocumentTooLargeError, match=r"131072 are allowed; split the pipeline's sources in two"):
        to_yaml(too_large)


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=60).filter(
        lambda text: "${" not in text
    )
)
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    """Numbers, dates, booleans and everything else that looks like YAML stays a text."""
    rendered = to_yaml(document(("text", text)))

    assert yaml.safe_load(rendered)["main"]["steps"][0]["set"]["assign"][0]["text"] == text


@pytest.mark.parametrize(
    "text",
    [
        *("27e155", "0x1F", "0o17", "1_000", "12:30:00", "on", "No", "null", "~", "2026-11-01", ".5", "1e3", "=", ""),
        *("${1 + 1}", "note != '${1 + 1}'", "a ${", "$${x}", 'say "${x}"', "first\n${second}\n"),
    ],
)
def test_a_text_that_looks_like_something_else_reaches_the_run_as_a_text(text: str) -> None:
    """Newer readers take more for a number than PyYAML does, and ``${`` from a config is data, no expression."""
    assert run(to_yaml(document(("text", text)))) == {"text": text}
