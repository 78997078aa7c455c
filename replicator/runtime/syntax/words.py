"""The keys of the language: docs.cloud.google.com/workflows/docs/reference/syntax and the page of each construct."""

from __future__ import annotations

from typing import Final

# The key that says what a step is, and the keys that may stand beside it.
STEP_KINDS: Final = {
    "assign": ("assign", "next"),
    "call": ("call", "args", "result", "next"),
    "switch": ("switch", "next"),
    "for": ("for", "next"),
    "parallel": ("parallel", "next"),
    "try": ("try", "retry", "except", "next"),
    "raise": ("raise",),
    "return": ("return",),
    "steps": ("steps", "next"),
}
STEP_KEYS: Final = tuple(dict.fromkeys(key for keys in STEP_KINDS.values() for key in keys))

ROUTINE_KEYS: Final = ("params", "steps")
FOR_KEYS: Final = ("value", "index", "in", "range", "steps")
PARALLEL_KEYS: Final = ("exception_policy", "shared", "concurrency_limit", "branches", "for")
RETRY_KEYS: Final = ("predicate", "max_retries", "backoff")
BACKOFF_KEYS: Final = ("initial_delay", "max_delay", "multiplier")
EXCEPT_KEYS: Final = ("as", "steps")

NEXT_END: Final = "end"
NEXT_BREAK: Final = "break"
NEXT_CONTINUE: Final = "continue"
NEXT_WORDS: Final = (NEXT_END, NEXT_BREAK, NEXT_CONTINUE)
"""What ``next`` may name that is no step."""
