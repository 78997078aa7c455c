"""GoogleSQL that people write into a pipeline file, looked at closely enough to stay where it is put.

Only its tokens are read: whether columns exist and types fit is for BigQuery to say. What matters here is that a
condition is one condition, and cannot end the parentheses it is placed in or swallow what follows it.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from replicator.config.section import refuse
from replicator.config.words import text
from replicator.source.tree import Plain

# Of GoogleSQL's tokens (lexical) those that decide where others end. In raw strings too, a backslash keeps the
# quote behind it from closing the string.
_TOKEN: Final = re.compile(
    r"""
    (?P<closed> '''(?:[^\\]|\\.)*?''' | \"\"\"(?:[^\\]|\\.)*?\"\"\"
              | '(?!'')(?:[^'\\\n]|\\.)*' | "(?!"")(?:[^"\\\n]|\\.)*" | `(?:[^`\\\n]|\\.)*`
              | /\*.*?\*/ | (?:--|\#)[^\n]*\n )
    | (?P<open> ['"`] | /\* )
    | (?P<comment> (?:--|\#)[^\n]*\Z )
    | (?P<bracket> [()\[\]] )
    | (?P<parameter> @@?\w+ | \? )
    | (?P<end> ; )
    """,
    re.VERBOSE | re.DOTALL,
)
# Behind the last of the queries that WITH names: what is neither a SELECT nor another query in parentheses.
_AFTER_WITH: Final = re.compile(
    r"\s*with\s+(?:recursive\s+)?\w+\s+as\s*\(\)(?:\s*,\s*\w+\s+as\s*\(\))*\s*(?!\s|,|\(|select\b)", re.IGNORECASE
)
_CLOSES: Final = {")": "(", "]": "["}
_WINDOW: Final = ("@window_start", "@window_end")


def condition(raw: Plain) -> str:
    """A boolean expression, without ``WHERE`` before it."""
    written = text(raw)
    if re.match(r"\s*where\b", written, re.IGNORECASE):
        refuse("begins with WHERE, which is written for it", "leave WHERE out")
    parameters = _check(written)
    if parameters:
        refuse(f"'{parameters[0]}' is a parameter, and a condition is given none", "write the value itself")
    return written


def query(raw: Plain) -> str:
    """One SELECT; its only parameters are ``@window_start`` and ``@window_end``."""
    written = text(raw)
    if not re.match(r"\s*\(?\s*(select|with)\b", written, re.IGNORECASE):
        refuse("begins with neither SELECT nor WITH", "write one query that only reads")
    for parameter in _check(written):
        if parameter.lower() not in _WINDOW:
            refuse(f"'{parameter}' is no parameter that a query is given", f"there are {' and '.join(_WINDOW)}")
    if _AFTER_WITH.match(_outermost(written)):
        refuse("ends in a statement that is no SELECT", "write one query that only reads")
    if len(_check(written)) != len(re.findall(r"@window_(?:start|end)\b", written, re.IGNORECASE)):
        # A run writes the window's own times where these words stand.
        refuse("says @window_start or @window_end in a text or a comment", "write the words without @ there")
    return re.sub(r"@window_(?:start|end)\b", lambda found: found.group().lower(), written, flags=re.IGNORECASE)


def uses_window(written: str) -> bool:
    """Whether a query that was read asks for its window."""
    return bool(_check(written))


def windowed_query(raw: Plain) -> str:
    """A query that asks for no more than its window."""
    written = query(raw)
    used = {parameter.lower() for parameter in _check(written)}
    missing = [parameter for parameter in _WINDOW if parameter not in used]
    if missing:
        refuse(f"does not use {missing[0]}", "bound it: <column> >= @window_start AND <column> < @window_end")
    return written


def _outermost(written: str) -> str:
    """What stands outside of all brackets, comments and quotes; of brackets only they themselves are left."""
    depth, start, found = 0, 0, list[str]()
    for token in _TOKEN.finditer(written):
        if depth == 0:
            found.append(written[start : token.start()])
        start = token.end()
        word = token.group()
        if token.lastgroup == "bracket":
            depth += 1 if word in _CLOSES.values() else -1
            if depth <= 1 and (depth == 0 or word in _CLOSES.values()):
                found.append(word)
        elif depth == 0:
            # A quoted name is a name all the same.
            found.append("x" if word.startswith("`") else " ")
    return "".join((*found, written[start:]))


def _check(written: str) -> list[str]:
    """Refuse what does not end by itself; the parameters that are used, in their order."""
    brackets: list[str] = []
    parameters: list[str] = []
    for token in _TOKEN.finditer(written):
        word = token.group()
        match token.lastgroup:
            case "open":
                refuse(f"what {word} begins at character {token.start() + 1} is never closed", "close it")
            case "comment":
                refuse("ends in a comment, which would swallow what follows", "write it as a comment of the file")
            case "end":
                refuse("';' would end the statement", "remove it")
            case "parameter":
                parameters.append(word)
            case "bracket" if word in _CLOSES.values():
                brackets.append(word)
            case "bracket":
                if not brackets or brackets.pop() != _CLOSES[word]:
                    refuse(f"'{word}' at character {token.start() + 1} closes nothing", "remove it, or open it before")
            case _:
                pass
    if brackets:
        refuse(f"'{brackets[-1]}' is never closed", "close it")
    return parameters


_STRING: Final = WithJsonSchema({"type": "string"})
Condition = Annotated[str, PlainValidator(condition), _STRING]
QueryText = Annotated[str, PlainValidator(query), _STRING]
WindowedQuery = Annotated[str, PlainValidator(windowed_query), _STRING]
