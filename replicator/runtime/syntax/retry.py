"""Nodes to retry policies: docs.cloud.google.com/workflows/docs/reference/syntax/retrying."""

from __future__ import annotations

from replicator.runtime.source import Mapping, Node
from replicator.runtime.stdlib.retries import BACKOFFS, POLICIES
from replicator.runtime.syntax.notes import Notes
from replicator.runtime.syntax.templates import reference, template
from replicator.runtime.syntax.tree import Delays, RetryNode
from replicator.runtime.syntax.words import BACKOFF_KEYS, RETRY_KEYS


def read_retry(node: Node, notes: Notes, field: str) -> RetryNode:
    """What stands beside ``try``: a default policy, or a policy of one's own, which says everything."""
    if not isinstance(node, Mapping):
        policy = reference(template(node, notes, field))
        if policy not in POLICIES:
            choices = " or ".join(f"${{{name}}}" for name in POLICIES)
            notes.refuse(node.position, field, "not a default policy", f"write {choices}, or a map")
        return RetryNode(policy, "", None, None, node.position)
    notes.known(node, field, RETRY_KEYS)
    for key in RETRY_KEYS:
        if node.get(key) is None:
            notes.refuse(node.position, field, f"no {key!r}", "a policy of one's own says all three")
    predicate = reference(template(node.get("predicate"), notes, f"{field}.predicate"))
    if predicate is None and (given := node.get("predicate")) is not None:
        remedy = "write '${http.default_retry_predicate}' or '${subworkflow}'"
        notes.refuse(given.position, f"{field}.predicate", "not the name of a predicate", remedy)
    backoff = node.get("backoff")
    return RetryNode(
        None,
        predicate or "",
        template(node.get("max_retries"), notes, f"{field}.max_retries"),
        _backoff(backoff, notes, f"{field}.backoff") if backoff is not None else None,
        node.position,
    )


def _backoff(node: Node, notes: Notes, field: str) -> Delays | str:
    if not isinstance(node, Mapping):
        name = reference(template(node, notes, field))
        if name not in BACKOFFS:
            notes.refuse(node.position, field, "not a backoff", "write a map, or '${retry.default_backoff}'")
        return name or ""
    notes.known(node, field, BACKOFF_KEYS)
    for key in BACKOFF_KEYS:
        if node.get(key) is None:
            notes.refuse(node.position, field, f"no {key!r}", "a backoff says all three")
    return Delays(*(template(node.get(key), notes, f"{field}.{key}") for key in BACKOFF_KEYS))
