"""The planner: from a pipeline's file to the names of everything it will own."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from replicator.names import DatasetRef
from replicator.plan.plan import Plan
from tests.unit.plan.pipelines import plan, source

# Short ones collide soonest; the form is that of a name.
words = st.from_regex(r"[a-z](?:_?[a-z0-9]){0,5}", fullmatch=True)
tables = st.builds(
    "acme-analytics.{}.{}".format, st.sampled_from(["sales", "sales_orders"]), st.sampled_from(["orders", "orders_eu"])
)


def derived(of: Plan) -> set[DatasetRef]:
    """Every dataset whose name was made, not given."""
    return {dataset for route in of.sources for dataset in (route.staging, route.landing)}


def test_the_same_file_gives_the_same_plan() -> None:
    """A plan is a value of the pipeline: no clock, no chance, no environment in it."""
    assert plan(source(), source("brazil")) == plan(source(), source("brazil"))


def test_what_is_read_encrypted_is_projected() -> None:
    """No wildcard reads a table with a key of its own; a copy that crosses has lost it."""
    key = "staging: {{kms_key: projects/p/locations/{}/keyRings/r/cryptoKeys/k}}"
    here = plan(source(location="EU", more=(key.format("europe"),)))
    there = plan(source(more=(key.format("asia-northeast1"),)))

    assert "_TABLE_SUFFIX" not in here.statements.align
    assert "_TABLE_SUFFIX" in there.statements.align


@settings(deadline=None)
@given(names=st.tuples(words, words), pipelines=st.tuples(words, words), targets=st.tuples(tables, tables))
@example(names=("a_b", "c"), pipelines=("x", "x_a"), targets=("acme-analytics.sales.orders",) * 2)
@example(names=("c", "b_c"), pipelines=("a_b", "a"), targets=("acme-analytics.sales.orders",) * 2)
def test_two_sources_never_share_a_derived_dataset(
    names: tuple[str, str], pipelines: tuple[str, str], targets: tuple[str, str]
) -> None:
    """Whatever pipelines, targets and sources are called, even when all of them are paid by one project."""
    one, other = (
        plan(source(name, more=("staging: {project: acme-shared}",)), name=pipeline, target=target)
        for name, pipeline, target in zip(names, pipelines, targets, strict=True)
    )

    if (names[0], pipelines[0], targets[0]) != (names[1], pipelines[1], targets[1]):
        assert not derived(one) & derived(other)


def test_targets_that_read_alike_have_fences_of_their_own() -> None:
    """Two targets of one state dataset have two fences; a dot and a space are no underscore."""
    targets = ("a.sales.orders_eu", "a.sales_orders.eu", "a.sales.orders eu", "b.sales.orders_eu")
    fences = {plan(target=f"acme-{target}").fence for target in targets}

    assert len(fences) == len(targets)


def test_pipelines_of_one_target_share_its_fence() -> None:
    """The fence is the target's: who commits must keep out all others, whatever their pipeline is called."""
    assert plan(name="web").fence == plan(name="shops").fence


def test_names_are_given_or_derived() -> None:
    """What the file names is used as it stands, beside the project that the file says."""
    named = plan(source(more=("staging: {project: acme-replication, dataset: out}", "landing: back"))).sources[0]
    made = plan(source()).sources[0]

    assert (str(named.staging), str(named.landing)) == ("acme-replication.out", "acme-analytics.back")
    assert (made.staging.project, made.landing.project) == ("acme-japan", "acme-analytics")
    for name in ("orders", "japan", made.key):
        assert name in made.staging.dataset
        assert name in made.landing.dataset


def test_a_source_in_the_targets_own_location_lands_where_it_stages() -> None:
    """Nothing has to cross, so nothing is copied; case makes no other location."""
    for location in ("EU", "eu"):
        route = plan(source(location=location)).sources[0]

        assert not route.crosses
        assert route.landing == route.staging
    assert plan(source(location="europe-west1")).sources[0].crosses


def test_sources_stay_in_the_order_of_the_file() -> None:
    """What a person reads in the document is in the order that they wrote."""
    assert [route.name for route in plan(source("japan"), source("brazil"), source("chile")).sources] == [
        "japan",
        "brazil",
        "chile",
    ]
