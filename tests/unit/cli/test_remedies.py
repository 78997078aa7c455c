"""Google's services say what is wrong; what would be right is put behind it, once."""

from __future__ import annotations

import pytest

from replicator.cli.remedies import with_remedy

DISABLED = (
    "japan, copy: BigQuery Data Transfer API has not been used in project acme-jp before or it is disabled. Enable it "
    "by visiting https://console.developers.google.com/apis/api/bigquerydatatransfer.googleapis.com/overview?project="
    "acme-jp then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
    "systems and retry."
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            f"{DISABLED} (job p:EU.j, https://console)",
            (
                "japan, copy: the API bigquerydatatransfer.googleapis.com is not enabled in project acme-jp; run "
                "'gcloud services enable bigquerydatatransfer.googleapis.com --project acme-jp', and a few minutes "
                "later this command again (job p:EU.j, https://console)"
            ),
        ),
        (
            "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
            (
                "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p; grant "
                "bigquery.jobs.create to the account that runs this"
            ),
        ),
        (
            "Permission 'workflows.executions.create' denied on resource 'x' (or it may not exist).",
            (
                "Permission 'workflows.executions.create' denied on resource 'x' (or it may not exist); grant "
                "workflows.executions.create to the account that runs this"
            ),
        ),
        (
            "Access Denied: Table p:d.t: User does not have permission to query table p:d.t, or perhaps it does not.",
            (
                "Access Denied: Table p:d.t: User does not have permission to query table p:d.t, or perhaps it does "
                "not; grant bigquery.dataViewer on it to the account that runs this"
            ),
        ),
    ],
)
def test_what_would_be_right_stands_behind_what_the_service_says(said: str, told: str) -> None:
    """One sentence each, and the job's address stays."""
    assert with_remedy(said) == told


@pytest.mark.parametrize(
    "said",
    ["Permission a.b denied on c; grant a.b to x", "have a.b permission; it takes bigquery.metadataViewer", "No."],
)
def test_a_sentence_that_has_its_remedy_or_needs_none_stays_as_it_is(said: str) -> None:
    """Two remedies would be one too many."""
    assert with_remedy(said) == said
