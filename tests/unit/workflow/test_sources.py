"""The sources as data: complete when the run has put them together, and small in the document."""

from __future__ import annotations

from typing import Any, Final

from replicator import limits
from replicator.plan.plan import Plan
from replicator.workflow.document import Document, build_document
from replicator.workflow.expressions import Value, Var
from replicator.workflow.render import to_yaml
from replicator.workflow.sources import complete_sources, source_block, split_blocks
from replicator.workflow.steps import Assign, Call, Return, Subworkflow
from tests.unit.plan.pipelines import plan, source
from tests.unit.runtime.running import run

THREE: Final = plan(
    source("japan"),
    source("brazil", location="southamerica-east1", more=("where: \"country = 'BR'\"",)),
    source("home", location="EU", more=("columns: {exclude: [user_id]}",)),
)


def completed(of: Plan) -> Any:
    """What the steps of the document make of the blocks in it, run by the runtime."""
    alike, own = split_blocks(of)
    pipeline = {"name": of.pipeline, "key": of.key, "billed_to": of.state.project}
    names = ("pipeline", "alike", "sources", "args")
    main = Subworkflow(
        name="main",
        purpose="Complete the sources.",
        parameters=(),
        steps=(
            Assign(name="given", values=tuple(zip(names, (pipeline, alike, own, {}), strict=True))),
            Call(
                name="put_together",
                function="complete_sources",
                arguments={name: Var(name) for name in names},
                result="whole",
            ),
            Return(name="all_of_them", value=Var("whole")),
        ),
    )
    return run(to_yaml(Document((), (main, complete_sources(of)))))


def test_a_source_is_whole_again_when_the_run_begins() -> None:
    """What is said once for all of them and what is derived come back, and nothing that another source alone has."""
    asked: dict[str, Value] = {"again": None, "rebuild_receipts": None, "from": None, "to": None}

    assert completed(THREE) == [source_block(route) | asked for route in THREE.sources]


def test_what_all_sources_have_in_common_stands_once() -> None:
    """The pattern of the shards is one; location and filter are each source's own, its name always."""
    alike, own = split_blocks(THREE)

    assert alike.keys() == {"include", "prefix", "pattern"}
    assert [sorted(block.keys()) for block in own] == [
        ["billed_to", "location", "name", "project"],
        ["billed_to", "location", "name", "project", "where"],
        ["billed_to", "drop", "landing", "location", "name", "project"],
    ]
    assert split_blocks(plan())[0] == {}


def test_sixty_sources_with_settings_of_their_own_fit_in_a_document() -> None:
    """A pipeline with as many sources as there are locations of BigQuery is no special case."""
    own = ("where: \"country = 'C{:02}' AND platform = 'WEB'\"", "columns: {{exclude: [user_id, geo.city_{:02}]}}")
    sixty = plan(
        *(
            source(f"c_{number:02}", project=f"acme-c-{number:02}", more=tuple(line.format(number) for line in own))
            for number in range(60)
        )
    )
    text = to_yaml(build_document(sixty))

    assert len(text.encode()) < 0.98 * limits.SOURCE_BYTES.value
