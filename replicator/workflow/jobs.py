"""BigQuery jobs in the document: started under an id that is derived, looked at, joined when they are there already.

A job's id is made of pipeline, target, run, job name and attempt. ``jobs.insert`` runs an id at most once
(exporting-data, reliability-intro), so after an insert that did not answer well the job itself is asked for.
"""

from __future__ import annotations

from dataclasses import fields

from replicator.plan.plan import Plan
from replicator.sql.placeholders import BRACES
from replicator.workflow.expressions import (
    Binary,
    Expression,
    Value,
    Var,
    add,
    both,
    call,
    default,
    either,
    eq,
    get,
    join,
    lt,
    ne,
)
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Retry, Return, Step, Subworkflow, Switch, Try
from replicator.workflow.texts import Sql

ATTEMPTS = 3
"""How often a job is tried when the service says that trying again may help."""

CALL_SECONDS = 60
"""How long one call may take, tries of the connector included: a service that never answers costs no lease."""

BRIEFLY: dict[str, Value] = {"connector_params": {"timeout": CALL_SECONDS}}
"""What every call that waits for nothing is given beside its own arguments (connectors: 1,800 s if not said)."""

JOB = Var("job")
RUN = Var("run")
PIPELINE = Var("pipeline")


def job(name: Value, *, project: Value, location: Value, run: dict[str, Value], statement: str | None = None,
        written_by: Value = None, source: Value = None, names: Value = None) -> dict[str, Value]:  # fmt: skip
    """What ``start_job`` and ``follow`` take: one job's name, place, text and arguments.

    Args:
        name: Unique in the run.
        project: Runs and pays it.
        location: Where it runs; never left to be guessed.
        run: The map that becomes ``@run``.
        statement: Which of the plan's statements it is. Its text is fetched when the job is started, since a map is
            copied into every call, and variables share 512 KB.
        written_by: The job that has written the text, as its answer's second column.
        source: The source's block, which becomes ``@source``; its labels and bound go with the job.
        names: What stands in the statement's braces.
    """
    return {
        "name": name, "project": project, "location": location, "statement": statement,
        "written_by": written_by, "run": run, "source": source, "names": names,
    }  # fmt: skip


def statement(plan: Plan) -> Subworkflow:
    """Every statement of the plan by its name; they differ from run to run in what stands in their braces.

    They are steps of their own and not steps of their cases: each level of indentation costs a byte for each line.
    """
    texts = [
        (each.name, text)
        for each in fields(plan.statements)
        if (text := getattr(plan.statements, each.name)) is not None
    ]
    return Subworkflow(
        name="statement",
        purpose="The statements that jobs run, by name; start_job puts names where they have them in braces.",
        parameters=("name",),
        steps=(
            Switch(name="which", cases=tuple(Case(condition=eq(Var("name"), name), next=name) for name, _ in texts)),
            *(Return(name=name, value=Sql(text)) for name, text in texts),
        ),
    )


def written_text() -> Subworkflow:
    """The script that a job has written."""
    reference = Var("reference")
    return Subworkflow(
        name="written_text",
        purpose="The script that a job has written, as its answer's second column.",
        parameters=("reference",),
        steps=(
            insisting(Call(
                name="read", function="googleapis.bigquery.v2.jobs.getQueryResults", result="page",
                arguments={
                    "projectId": reference["projectId"], "jobId": reference["jobId"],
                    "location": reference["location"], "maxResults": 1, **BRIEFLY,
                },
            )),
            Return(name="text", value=Var("page")["rows"][0]["f"][1]["v"]),
        ),
    )  # fmt: skip


def insisting(question: Call) -> Retry:
    """A question that is asked again while its error may pass: also where the connector does not, as of a 500."""
    return Retry(name=f"insist_{question.name}", steps=(question,), predicate="passes", times=ATTEMPTS - 1)


def once_more(name: str, first: str) -> Case:
    """Where the reason passes, wait and go back to step ``first``; ``sent`` counts how often it was sent."""
    return Case(
        condition=both(lt(Var("sent"), ATTEMPTS), Var("reason")["passes"]),
        steps=(
            Call(name="wait_a_little", function="sys.sleep", arguments={"seconds": Var("sent")}),
            Assign(name=name, values=(("sent", add(Var("sent"), 1)),), next=first),
        ),
    )


def job_reference() -> Subworkflow:
    """Where a job is: the same words for the same attempt, whoever asks."""
    return Subworkflow(
        name="job_reference",
        purpose="Where an attempt of a job is; its id is derived, so that asking twice runs it once.",
        parameters=("pipeline", "run", "job", "attempt"),
        steps=(
            Return(
                name="reference",
                value={
                    "projectId": JOB["project"],
                    "location": JOB["location"],
                    "jobId": join("replicator_", PIPELINE["name"], "_", PIPELINE["key"], "_", RUN["number"], "_",
                                  JOB["name"], "_", call("string", Var("attempt")), "_", RUN["holder"]),
                },
            ),
        ),
    )  # fmt: skip


def start_job(plan: Plan) -> Subworkflow:
    """Start one attempt of a job and do not wait for it."""
    error = Var("error")
    reference = Var("reference")
    body = Var("body")
    return Subworkflow(
        name="start_job",
        purpose="Start one attempt of a job, or find it started; never wait for its end.",
        parameters=("pipeline", "run", "job", "attempt"),
        steps=(
            Call(
                name="place_job", function="job_reference", result="reference",
                arguments={"pipeline": PIPELINE, "run": RUN, "job": JOB, "attempt": Var("attempt")},
            ),
            Assign(name="not_sent", values=(("sent", 1),)),
            Switch(
                name="whose_text",
                cases=(
                    Case(
                        condition=eq(JOB["statement"], None),
                        steps=(
                            Call(name="fetch_written", function="written_text", result="sql",
                                 arguments={"reference": JOB["written_by"]}),
                        ),
                    ),
                    Case(
                        condition=True,
                        steps=(
                            Call(name="fetch_statement", function="statement", result="sql",
                                 arguments={"name": JOB["statement"]}),
                        ),
                    ),
                ),
            ),
            Switch(
                name="has_braces",
                cases=(
                    Case(
                        condition=ne(JOB["names"], None),
                        # Names were validated when the config was read, or are numbers of ours.
                        steps=(Assign(name="bind", values=tuple(
                            ("sql", call("text.replace_all", Var("sql"), brace,
                                         default(get(JOB, "names", brace.strip("{}")), brace)))
                            for brace in BRACES)),),
                    ),
                ),
            ),
            Assign(
                name="describe_job",
                values=(
                    ("body", {
                        "jobReference": reference,
                        "configuration": {
                            "labels": {"managed-by": "replicator", "pipeline": PIPELINE["name"]},
                            "query": {
                                "query": Var("sql"), "useLegacySql": False, "parameterMode": "NAMED",
                                "queryParameters": [
                                    _parameter("run", JOB["run"]), _parameter("source", JOB["source"]),
                                ],
                            },
                        },
                    }),
                ),
            ),
            *(_into_table() if plan.statements.evolve is not None else ()),
            Switch(
                name="source_settings",
                cases=(Case(condition=eq(JOB["source"], None), next="insert"),),
            ),
            Switch(
                name="labelled",
                cases=(
                    Case(
                        condition=ne(get(JOB["source"], "labels"), None),
                        steps=(
                            ForEach(
                                name="each_label", value="label", over=call("keys", JOB["source"]["labels"]),
                                steps=(
                                    Assign(name="put_label", values=(
                                        ("body.configuration.labels[label]", JOB["source"]["labels"][Var("label")]),)),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Switch(
                name="bounded",
                cases=(
                    Case(
                        condition=ne(get(JOB["source"], "max_bytes_billed"), None),
                        steps=(
                            Assign(name="bound", values=(
                                ("body.configuration.query.maximumBytesBilled", JOB["source"]["max_bytes_billed"]),)),
                        ),
                    ),
                ),
            ),
            Try(
                name="insert",
                steps=(
                    Call(
                        name="insert_job", function="googleapis.bigquery.v2.jobs.insert",
                        arguments={
                            "projectId": JOB["project"], "body": body,
                            "connector_params": {"skip_polling": True, "timeout": CALL_SECONDS},
                        },
                    ),
                ),
                error="error",
                handlers=(
                    Try(
                        name="join_job",
                        steps=(
                            Call(
                                name="get_job", function="googleapis.bigquery.v2.jobs.get",
                                arguments={
                                    "projectId": JOB["project"], "jobId": reference["jobId"],
                                    "location": JOB["location"], **BRIEFLY,
                                },
                            ),
                        ),
                        error="missing",
                        handlers=(
                            Call(name="explain_insert", function="job_error", result="reason",
                                 arguments={"reference": reference, "error": error}),
                            # error-messages: 429 and 5xx pass, and so does a connection that broke; the id is the
                            # same, so that an insert which arrived after all is only joined.
                            Switch(name="passes", cases=(once_more("count_insert", "insert"),)),
                            Raise(name="not_started", value=Var("reason")),
                        ),
                    ),
                ),
            ),
            Return(name="started", value=reference),
        ),
    )  # fmt: skip


def _into_table() -> tuple[Step, ...]:
    """Where a job names a table, its rows are appended, and fields that the table lacks are added to it."""
    query = "body.configuration.query."
    return (
        Switch(name="into_table", cases=(Case(condition=ne(get(JOB, "into"), None), steps=(
            Assign(name="append", values=(
                (f"{query}destinationTable", JOB["into"]), (f"{query}writeDisposition", "WRITE_APPEND"),
                (f"{query}schemaUpdateOptions", ["ALLOW_FIELD_ADDITION"]))),)),)),
    )  # fmt: skip


def _parameter(name: str, value: Expression) -> dict[str, Value]:
    return {
        "name": name,
        "parameterType": {"type": "STRING"},
        "parameterValue": {"value": call("json.encode_to_string", value)},
    }


def job_address(reference: Expression) -> dict[str, Value]:
    """A job's whole id and the page of the console that shows it."""
    project, location, job_id = reference["projectId"], reference["location"], reference["jobId"]
    return {
        "job": join(project, ":", location, ".", job_id),
        "console": join(
            "https://console.cloud.google.com/bigquery?project=", project, "&page=queryresults&j=bq:", location, ":",
            job_id,
        ),
    }  # fmt: skip


def job_error() -> Subworkflow:
    """What is raised of a call about a job that failed; ``passes`` says whether the same call may well succeed."""
    error = Var("error")
    return Subworkflow(
        name="job_error",
        purpose="A failed call about a job, with the job and its console address, and whether calling again may help.",
        parameters=("reference", "error"),
        steps=(
            Call(name="may_pass", function="passes", arguments={"error": error}, result="passing"),
            Assign(name="read_error", values=(
                ("text", default(get(error, "body", "error", "message"),
                                 default(get(error, "message"), call("json.encode_to_string", error)))),
            )),
            Return(
                name="reason",
                value={
                    "message": Var("text"), "code": default(get(error, "code"), 0), **job_address(Var("reference")),
                    "passes": Var("passing"),
                },
            ),
        ),
    )  # fmt: skip


def passes() -> Subworkflow:
    """Whether a call that failed may well succeed when it is made again."""
    error, code = Var("error"), Var("code")
    return Subworkflow(
        name="passes",
        purpose="Whether a call that failed may well succeed when it is made again.",
        parameters=("error",),
        steps=(
            Assign(name="read_code", values=(
                ("code", default(get(error, "code"), 0)),
                ("rationed", call(
                    "text.match_regex", call("json.encode_to_string", get(error, "body")), '"rateLimitExceeded"')),
            )),
            # error-messages: rateLimitExceeded is a 403; without a code there was no answer at all.
            Return(name="so", value=either(
                eq(code, 0), eq(code, 429), Binary(">=", code, 500), Var("rationed"))),
        ),
    )  # fmt: skip
