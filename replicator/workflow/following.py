"""BigQuery jobs in the document: looked at until they have ended, tried again where that may help."""

from __future__ import annotations

from replicator.workflow.expressions import (
    Binary,
    Value,
    Var,
    add,
    both,
    call,
    default,
    either,
    eq,
    get,
    lt,
    ne,
    no,
)
from replicator.workflow.jobs import ATTEMPTS, BRIEFLY, JOB, PIPELINE, RUN, job_address, once_more
from replicator.workflow.steps import Assign, Call, Case, Raise, Return, Subworkflow, Switch, Try

WAIT_MILLISECONDS = 10_000
"""How long one question waits for a job's end (jobs.getQueryResults: timeoutMs); short jobs need no sleep at all."""


def look() -> Subworkflow:
    """Ask for a job's answer, and where that fails for the job itself."""
    page, found, error = Var("page"), Var("found"), Var("error")
    arguments: dict[str, Value] = {
        "projectId": Var("reference")["projectId"],
        "jobId": Var("reference")["jobId"],
        "location": Var("reference")["location"],
        **BRIEFLY,
    }
    return Subworkflow(
        name="look",
        purpose="Has a job ended, and with which answer or error? Waits a few seconds for it at the most.",
        parameters=("reference",),
        steps=(
            Assign(name="first_question", values=(("sent", 1),)),
            Assign(name="nothing_found", values=(("found", None),)),
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
                    Call(name="explain_look", function="job_error", result="reason",
                         arguments={"reference": Var("reference"), "error": error}),
                    Try(
                        name="ask_the_job",
                        steps=(
                            Call(name="get_job", function="googleapis.bigquery.v2.jobs.get", result="found",
                                 arguments=arguments),
                        ),
                        error="missing",
                        handlers=(Assign(name="unknown", values=(("found", None),)),),
                    ),
                    Switch(
                        name="what_became_of_it",
                        cases=(
                            Case(
                                condition=ne(default(get(found, "status", "state"), "DONE"), "DONE"),
                                steps=(Return(name="running", value={"done": False, "answer": None, "error": None}),),
                            ),
                            Case(
                                condition=ne(get(found, "status", "errorResult"), None),
                                steps=(
                                    Return(name="failed", value={
                                        "done": True, "answer": None, "error": found["status"]["errorResult"]}),
                                ),
                            ),
                            once_more("count_question", "nothing_found"),
                        ),
                    ),
                    Raise(name="unreadable", value=Var("reason")),
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
                        condition=either(
                            eq(get(page, "rows"), None),
                            eq(call("json.encode_to_string", get(page, "rows")), "[]")),
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
                                value={"attempts": attempts, "done": seen["done"], "answer": seen["answer"],
                                       "job": Var("reference")},
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
                    "message": message, "reason": seen["error"]["reason"], **job_address(Var("reference")),
                },
            ),
        ),
    )  # fmt: skip


def finish_job() -> Subworkflow:
    """Start a job and wait for its end: for the short ones, between which nothing else can be done.

    An answer that is a map has one more key, ``job``: where the job is that gave it.
    """
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
            Assign(name="its_answer", values=(("answer", state["answer"]),)),
            Switch(name="is_map", cases=(
                Case(condition=eq(call("get_type", Var("answer")), "map"),
                     steps=(Assign(name="whose", values=(("answer.job", state["job"]),)),)),)),
            Return(name="answer", value=Var("answer")),
        ),
    )  # fmt: skip
