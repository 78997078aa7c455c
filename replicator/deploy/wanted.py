"""What a plan wants to be there: the names and texts that the document uses when it makes what it does not find."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from replicator.config.deploy import Deploy
from replicator.config.pipeline import Pipeline
from replicator.deploy.resources import Dataset, Job, Memory, Transfer, Use, Wanted, Workflow, in_words
from replicator.errors import ConfigError
from replicator.plan.plan import Plan
from replicator.sql.datasets import landing_options, staging_options, state_options
from replicator.sql.fence import make_memory
from replicator.sql.ledger import DRIFT, RUNS, UNITS, VERSION

SCHEDULED_ARGUMENT: Final = {"if_busy": "wait"}
"""What a scheduled execution is started with: it waits for a backfill's window, which then waits for it."""

_RETRIES: Final = 3


def deployment_of(pipeline: Pipeline) -> Deploy:
    """Where the pipeline's workflow lives.

    Raises:
        ConfigError: Its file does not say.
    """
    if pipeline.deploy is None:
        remedy = "add 'deploy: {project: ..., region: ..., service_account: ...}'"
        raise ConfigError((pipeline.problem(("deploy",), "is missing, so there is nowhere to deploy to", remedy),))
    return pipeline.deploy


def workflow_name(plan: Plan, place: Deploy) -> str:
    """The workflow's resource name; pipelines of one name that feed two targets (dev and prod) have one each."""
    return f"projects/{place.project}/locations/{place.region}/workflows/replicator-{plan.pipeline}-{plan.key}"


def wanted(pipeline: Pipeline, plan: Plan, document: str) -> Wanted:
    """Everything that the pipeline wants to be there.

    Args:
        pipeline: Says where it is deployed, and when it runs.
        plan: Its plan.
        document: Its document's text.

    Raises:
        ConfigError: Its file does not say where to deploy to.
    """
    place = deployment_of(pipeline)
    name = workflow_name(plan, place)
    job_name = name.replace("/workflows/", "/jobs/")
    description = f"Brings {', '.join(route.name for route in plan.sources)} into {plan.target}."
    return Wanted(
        pipeline=plan.pipeline,
        target=plan.target,
        location=plan.location,
        datasets=tuple(_datasets(plan)),
        memory=Memory(
            state=plan.state,
            location=plan.location,
            ledger=(RUNS, UNITS, DRIFT),
            fence=plan.fence.table,
            version=VERSION,
            statement=make_memory(target=plan.target, state=plan.state, fence=plan.fence, location=plan.location),
        ),
        transfers=tuple(_transfers(plan, place)),
        titles=_around_source(plan),
        workflow=Workflow(
            name=name,
            source=document,
            account=place.service_account,
            # workflows.proto: description, at most 1,000 characters.
            description=description if len(description) <= 1_000 else f"Brings rows into {plan.target}.",
            labels=plan.labels,
        ),
        job=_job(pipeline, plan, place, name, job_name),
        job_name=job_name,
    )


def _datasets(plan: Plan) -> Iterator[Dataset]:
    yield Dataset(use=Use.STATE, ref=plan.state, location=plan.location, options=state_options())
    staging, landing = staging_options(plan.target, plan.labels), landing_options(plan.target, plan.labels)
    for route in plan.sources:
        yield Dataset(use=Use.STAGING, source=route.name, ref=route.staging, location=route.location, options=staging)
    for route in plan.sources:
        if route.crosses:
            yield Dataset(
                use=Use.LANDING, source=route.name, ref=route.landing, location=plan.location, options=landing
            )


def _transfers(plan: Plan, place: Deploy) -> Iterator[Transfer]:
    for route in plan.sources:
        if route.crosses:
            yield Transfer(
                source=route.name,
                # The config lives where its destination does (dts-locations).
                parent=f"projects/{route.landing.project}/locations/{plan.location.lower()}",
                title=plan.transfer_title(route.name),
                origin=route.staging,
                destination=route.landing,
                account=place.service_account,
            )


def _around_source(plan: Plan) -> tuple[str, str]:
    """What stands before and behind a source's name in the titles of the plan's transfer configs."""
    mark = "\N{NULL}"
    before, _, behind = plan.transfer_title(mark).partition(mark)
    return before, behind


def _job(pipeline: Pipeline, plan: Plan, place: Deploy, workflow: str, name: str) -> Job | None:
    if pipeline.schedule is None:
        return None
    return Job(
        name=name,
        description=in_words(plan.labels),
        cron=pipeline.schedule.cron,
        time_zone=pipeline.schedule.time_zone,
        uri=f"https://workflowexecutions.googleapis.com/v1/{workflow}/executions",
        body=json.dumps({"argument": json.dumps(SCHEDULED_ARGUMENT)}),
        account=place.service_account,
        retries=_RETRIES,
    )
