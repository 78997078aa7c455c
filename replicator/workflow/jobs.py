"""BigQuery jobs in the document: started under an id that is derived, looked at, joined when they are there already.

A job's id is made of pipeline, target, run, job name and attempt. ``jobs.insert`` runs an id at most once
(exporting-data, reliability-intro), so after an insert that did not answer well the job itself is asked for.
"""

from __future__ import annotations

from replicator.workflow.expressions import (
    Binary,
    Expression,
    Value,
    Var,
    add,
    both,
    call,
    either,
    eq,
    get,
    join,
    lt,
    ne,
    no,
)
from replicator.workflow.steps import Assign, Call, Case, ForEach, Raise, Return, Subworkflow, Switch, Try

ATTEMPTS = 3
"""How often a job is tried when the service says that trying again may help."""

WAIT_MILLISECONDS = 10_000
"""How long one question waits for a job's end (jobs.getQueryResults: timeoutMs); short jobs need no sleep at all."""

JOB = Var("job")
RUN = Var("run")
PIPELINE = Var("pipeline")


def job(name: Value, *, project: Value, location: Value, sql: Value, run: Value, source: Value = None,
        names: Value = None) -> dict[str, Value]:  # fmt: skip
    """What ``start_job`` and ``follow`` take: one job's name, place, text and arguments.

    Args:
        name: Unique in the run.
        project: Runs and pays it.
        location: Where it runs; never left to be guessed.
        sql: The statement, or the script.
        run: The map that becomes ``@run``.
        source: The source's block, which becomes ``@source``; its labels and bound go with the job.
        names: What stands in the statement's braces.
    """
    return {
        "name": name, "project": project, "location": location,
        "sql": sql, "run": run, "source": source, "names": names,
    }  # fmt: skip


def bind() -> Subworkflow:
    """Put names in a statement's braces; they were validated when the config was read, or are numbers of ours."""
    return Subworkflow(
        name="bind",
        purpose="Put names where a statement has them in braces.",
        parameters=("sql", "names"),
        steps=(
            Switch(
                name="nameless",
                cases=(Case(condition=eq(Var("names"), None), steps=(Return(name="as_is", value=Var("sql")),)),),
            ),
            ForEach(
                name="each_name",
                value="name",
                over=call("keys", Var("names")),
                steps=(
                    Assign(
                        name="put",
                        values=(("sql", call("text.replace_all", Var("sql"), join("{", Var("name"), "}"),
                                             Var("names")[Var("name")])),),
                    ),
                ),
            ),
            Return(name="bound", value=Var("sql")),
        ),
    )  # fmt: skip


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


def start_job() -> Subworkflow:
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
            Call(
                name="bind_names", function="bind", result="sql",
                arguments={"sql": JOB["sql"], "names": JOB["names"]},
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
                        name="insert_job", function="googleapis.bigquery.v2.jobs.insert", result="inserted",
                        arguments={
                            "projectId": JOB["project"], "body": body, "connector_params": {"skip_polling": True},
                        },
                    ),
                ),
                error="error",
                handlers=(
                    Try(
                        name="join_job",
                        steps=(
                            Call(
                                name="get_job", function="googleapis.bigquery.v2.jobs.get", result="inserted",
                                arguments={
                                    "projectId": JOB["project"], "jobId": reference["jobId"],
                                    "location": JOB["location"],
                                },
                            ),
                        ),
                        error="missing",
                        handlers=(Raise(name="not_started", value=error),),
                    ),
                ),
            ),
            Return(name="started", value=reference),
        ),
    )  # fmt: skip


def _parameter(name: str, value: Expression) -> dict[str, Value]:
    return {
        "name": name,
        "parameterType": {"type": "STRING"},
        "parameterValue": {"value": call("json.encode_to_string", value)},
    }


def look() -> Subworkflow:
    """Ask for a job's answer, and where that fails for the job itself."""
    page, found, error = Var("page"), Var("found"), Var("error")
    arguments = {
        "projectId": Var("reference")["projectId"],
        "jobId": Var("reference")["jobId"],
        "location": Var("reference")["location"],
    }
    return Subworkflow(
        name="look",
        purpose="Has a job ended, and with which answer or error? Waits a few seconds for it at the most.",
        parameters=("reference",),
        steps=(
            Try(
                name="ask",
                steps=(
                    Call(
                        name="get_results", function="googleapis.bigquery.v2.jobs.getQueryResults", result="page",
                        arguments={**arguments, "maxResults": 1, "timeoutMs": WAIT_MILLISECONDS},
                    ),
                ),
                error="error",
                handlers=(
                    Call(name="get_job", function="googleapis.bigquery.v2.jobs.get", result="found",
                         arguments=arguments),
                    Switch(
                        name="what_became_of_it",
                        cases=(
                            Case(
                                condition=ne(found["status"]["state"], "DONE"),
                                steps=(Return(name="running", value={"done": False, "answer": None, "error": None}),),
                            ),
                            Case(
                                condition=ne(get(found["status"], "errorResult"), None),
                                steps=(
                                    Return(name="failed", value={
                                        "done": True, "answer": None, "error": found["status"]["errorResult"]}),
                                ),
                            ),
                        ),
                    ),
                    Raise(name="unreadable", value=error),
                ),
            ),
            Switch(
                name="complete",
                cases=(
                    Case(
                        condition=no(page["jobComplete"]),
                        steps=(Return(name="not_yet", value={"done": False, "answer": None, "error": None}),),
                    ),
                    Case(
                        condition=eq(get(page, "rows"), None),
                        steps=(Return(name="no_answer", value={"done": True, "answer": None, "error": None}),),
                    ),
                ),
            ),
            Return(
                name="answered",
                value={"done": True, "error": None,
                       "answer": call("json.decode", page["rows"][0]["f"][0]["v"])},
            ),
        ),
    )  # fmt: skip


def start_once() -> Subworkflow:
    """Start a job's first attempt unless it was started before."""
    attempts = Var("attempts")
    return Subworkflow(
        name="start_once",
        purpose="Start a job unless it is started.",
        parameters=("pipeline", "run", "job", "attempts"),
        steps=(
            Switch(
                name="started_before",
                cases=(
                    Case(
                        condition=ne(get(attempts, JOB["name"]), None),
                        steps=(Return(name="as_it_is", value=attempts),),
                    ),
                ),
            ),
            Call(
                name="start_first", function="start_job",
                arguments={"pipeline": PIPELINE, "run": RUN, "job": JOB, "attempt": 1},
            ),
            Assign(name="remember_first", values=(("attempts[job.name]", 1),)),
            Return(name="started_now", value=attempts),
        ),
    )  # fmt: skip


def follow() -> Subworkflow:
    """Start a job once, look at it, try it again where that may help."""
    seen, attempts, attempt = Var("seen"), Var("attempts"), Var("attempt")
    start = {"pipeline": PIPELINE, "run": RUN, "job": JOB, "attempt": attempt}
    message = seen["error"]["message"]
    return Subworkflow(
        name="follow",
        purpose="Start a job unless it is started, and look at it: attempts so far, whether it is done, its answer.",
        parameters=("pipeline", "run", "job", "attempts"),
        steps=(
            Call(
                name="start", function="start_once", result="attempts",
                arguments={"pipeline": PIPELINE, "run": RUN, "job": JOB, "attempts": attempts},
            ),
            Assign(
                name="so_far",
                values=(
                    ("attempt", attempts[JOB["name"]]),
                    ("transient", ["backendError", "internalError", "jobBackendError", "jobInternalError",
                                   "rateLimitExceeded", "tableUnavailable"]),
                ),
            ),
            Call(name="place", function="job_reference", arguments=start, result="reference"),
            Call(name="look_at_it", function="look", arguments={"reference": Var("reference")}, result="seen"),
            Switch(
                name="ended_well",
                cases=(
                    Case(
                        condition=eq(seen["error"], None),
                        steps=(
                            Return(
                                name="well",
                                value={"attempts": attempts, "done": seen["done"], "answer": seen["answer"]},
                            ),
                        ),
                    ),
                ),
            ),
            # error-messages: these reasons ask to be tried again. A transaction that lost against another is a plain
            # invalidQuery and is told by its message (transactions#transaction_concurrency).
            Switch(
                name="again",
                cases=(
                    Case(
                        condition=both(
                            lt(attempt, ATTEMPTS),
                            either(
                                Binary("in", seen["error"]["reason"], Var("transient")),
                                call("text.match_regex", message, "due to concurrent update"),
                            ),
                        ),
                        steps=(
                            Assign(name="next_attempt", values=(("attempt", add(attempt, 1)),)),
                            Call(name="start_again", function="start_job", arguments=start, result="reference"),
                            Assign(name="remember_again", values=(("attempts[job.name]", attempt),)),
                            Return(name="later", value={"attempts": attempts, "done": False, "answer": None}),
                        ),
                    ),
                ),
            ),
            Raise(
                name="job_failed",
                value={
                    "message": message,
                    "reason": seen["error"]["reason"],
                    "job": join(JOB["project"], ":", JOB["location"], ".", Var("reference")["jobId"]),
                    "console": join(
                        "https://console.cloud.google.com/bigquery?project=", JOB["project"],
                        "&page=queryresults&j=bq:", JOB["location"], ":", Var("reference")["jobId"],
                    ),
                },
            ),
        ),
    )  # fmt: skip


def finish_job() -> Subworkflow:
    """Start a job and wait for its end: for the short ones, between which nothing else can be done."""
    state = Var("state")
    return Subworkflow(
        name="finish_job",
        purpose="Start a short job and wait for its answer.",
        parameters=("pipeline", "run", "job"),
        steps=(
            Assign(name="begin", values=(("attempts", {}),)),
            Call(
                name="once_more", function="follow", result="state",
                arguments={"pipeline": PIPELINE, "run": RUN, "job": JOB, "attempts": Var("attempts")},
            ),
            Assign(name="carry", values=(("attempts", state["attempts"]),)),
            Switch(name="until_done", cases=(Case(condition=no(state["done"]), next="once_more"),)),
            Return(name="answer", value=state["answer"]),
        ),
    )  # fmt: skip
