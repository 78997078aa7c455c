"""What 'destroy' takes away: what was made here for the pipeline, and nothing else.

First what starts runs, then what runs need. Targets and sources stay, and so does the ledger unless it is named.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from replicator.deploy.compare import Change, Comparison, Note, Refusal, Verb, belongs, collected, own_transfer
from replicator.deploy.resources import Found, Target, Use, Wanted, from_words, is_ours
from replicator.names import TableRef


def removals(
    wanted: Wanted, found: Found, *, ledger: bool, target: TableRef | None, users: tuple[str, ...]
) -> Comparison:
    """What is there and was made for this pipeline, in an order in which nothing that runs loses what it needs.

    Args:
        wanted: What a deployment would want to be there.
        found: What is there of it.
        ledger: Ledger and fence go as well.
        target: The target's table, if that goes as well.
        users: Pipelines beside this one that the ledger knows.
    """
    return collected(
        itertools.chain(_removals(wanted, found), _named(wanted, found, ledger=ledger, target=target, users=users))
    )


def _named(
    wanted: Wanted, found: Found, *, ledger: bool, target: TableRef | None, users: tuple[str, ...]
) -> Iterator[Change | Refusal | Note]:
    """What goes only when it is named."""
    memory, state = wanted.memory, wanted.datasets[0]
    own = {*memory.ledger, memory.fence}
    if not ledger:
        if own & found.tables.keys():
            yield Note(f"{memory} and the target stay; --ledger and --target name them")
        return
    if users:
        yield Refusal(f"the ledger in {memory.state} is used by {', '.join(users)} too; leave --ledger out")
        return
    if target is not None:
        yield Change(Verb.REMOVE, Target(ref=target))
    if own & found.tables.keys():
        yield Change(Verb.REMOVE, memory)
    there = found.datasets.get(state.ref)
    if there is not None and is_ours(there.labels) and not found.tables.keys() - own:
        yield Change(Verb.REMOVE, state)


def _removals(wanted: Wanted, found: Found) -> Iterator[Change | Note]:
    if found.job is not None:
        if belongs(from_words(found.job.job.description), wanted):
            yield Change(Verb.REMOVE, found.job.job)
        else:
            yield Note(f"schedule {wanted.job_name} is not described as one of this pipeline: it stays")
    if found.workflow is not None:
        if belongs(found.workflow.labels, wanted):
            yield Change(Verb.REMOVE, wanted.workflow)
        else:
            yield Note(f"workflow {wanted.workflow.name} does not carry the labels of this pipeline: it stays")
    for transfer in wanted.transfers:
        if (own := own_transfer(transfer, found.transfers)) is not None:
            yield Change(Verb.REMOVE, transfer, existing=own.name)
    for dataset in reversed(wanted.datasets):
        there = found.datasets.get(dataset.ref)
        if there is None or dataset.use is Use.STATE:
            continue
        if is_ours(there.labels) and there.labels.get("pipeline") == wanted.pipeline:
            yield Change(Verb.REMOVE, dataset, ("with every table in it",))
        else:
            yield Note(f"dataset {dataset.ref} does not carry the labels of this pipeline: it stays")
