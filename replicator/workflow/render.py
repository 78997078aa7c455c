"""The document as YAML that a person can review: keys in order, SQL as literal blocks, one comment per subworkflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

import yaml

try:
    # libyaml's emitter writes the same bytes in a sixth of the time; PyYAML can be built without it.
    from yaml import CSafeDumper as Emitting
except ImportError:
    from yaml import SafeDumper as Emitting  # type: ignore[assignment]  # the same methods, in Python

from replicator import limits
from replicator.errors import ReplicatorError
from replicator.workflow.document import Document
from replicator.workflow.expressions import Expression, Items, Literal, Value
from replicator.workflow.steps import (
    Assign,
    Call,
    ForEach,
    ParallelFor,
    Raise,
    Retry,
    Return,
    Step,
    Subworkflow,
    Switch,
    Try,
)
from replicator.workflow.texts import Sql, dense

_BEGINS_A_NUMBER = frozenset("0123456789+-.")
_WIDTH = 4096  # PyYAML would fold long plain lines, and a folded expression is hard to compare
_CONTROL: Final = frozenset({"steps", "switch", "for", "parallel", "try", "condition"})


@dataclass(frozen=True, slots=True)
class _Layout:
    """How much stands on one line: indentation counts against the 128 KB.

    Attributes:
        width: Characters of a map or a list that is written on one line.
        joined: Characters up to which a statement's lines are joined; 0 leaves them as they are.
        flat: Whether whole conditions and loops are written on one line, too.
    """

    width: int
    joined: int = 0
    flat: bool = False


_LAYOUTS: Final = (_Layout(96), _Layout(96, joined=140), _Layout(360, joined=360, flat=True))
"""The first by which a document fits is taken; a person reads the first most easily."""


class DocumentTooLargeError(ReplicatorError):
    """The document is larger than the service takes."""


def to_yaml(document: Document) -> str:
    """The document's text, which is the same for the same plan, to the byte.

    Raises:
        DocumentTooLargeError: It has more than 128 KB.
        ExpressionTooLongError: An expression has more than 400 characters.
    """
    plain = [(subworkflow, _subworkflow(subworkflow)) for subworkflow in document.subworkflows]
    header = "".join(f"# {line}".rstrip() + "\n" for line in document.header)
    size = 0
    for layout in _LAYOUTS:
        parts = (f"# {subworkflow.purpose}\n{_dump(subworkflow.name, body, layout)}" for subworkflow, body in plain)
        text = "\n".join((header, *parts))
        size = len(text.encode())
        if size <= limits.SOURCE_BYTES.value:
            return text
    allowed = limits.SOURCE_BYTES.value
    msg = f"the document has {size} bytes, {allowed} are allowed; split the pipeline's sources in two"
    raise DocumentTooLargeError(msg)


def _dump(name: str, body: dict[str, Any], layout: _Layout) -> str:
    steps = {"steps": [_item(step, layout) for step in body["steps"]]}
    return yaml.dump(
        {name: {key: _laid_out(child, layout) for key, child in body.items()} | steps},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
        default_flow_style=False,
    )


def _subworkflow(subworkflow: Subworkflow) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if subworkflow.parameters:
        body["params"] = [
            parameter if isinstance(parameter, str) else {parameter[0]: _value(parameter[1])}
            for parameter in subworkflow.parameters
        ]
    return body | {"steps": _steps(subworkflow.steps)}


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{step.name: _step(step)} for step in steps]


def _step(step: Step) -> dict[str, Any]:
    body = _body(step)
    if isinstance(step, Assign | Call | Switch) and step.next is not None:
        body["next"] = step.next
    return body


def _body(step: Step) -> dict[str, Any]:
    match step:
        case Assign():
            return {"assign": [{target: _value(value)} for target, value in step.values]}
        case Call():
            return _call(step)
        case Switch():
            return {"switch": [_case(case) for case in step.cases]}
        case ForEach():
            return {"for": _loop(step)}
        case ParallelFor():
            bound = {} if step.concurrency_limit is None else {"concurrency_limit": step.concurrency_limit}
            return {"parallel": {"shared": list(step.shared), **bound, "for": _loop(step.loop)}}
        case Try():
            return {
                "try": {"steps": _steps(step.steps)},
                "except": {"as": step.error, "steps": _steps(step.handlers)},
            }
        case Retry():
            return {
                "try": {"steps": _steps(step.steps)},
                "retry": {
                    "predicate": f"${{{step.predicate}}}",
                    "max_retries": step.times,
                    "backoff": _value({"initial_delay": 1, "max_delay": 10, "multiplier": 2}),
                },
            }
        case Return():
            return {"return": _value(step.value)}
        case Raise():
            return {"raise": _value(step.value)}
        case _:
            assert_never(step)


def _call(step: Call) -> dict[str, Any]:
    body: dict[str, Any] = {"call": step.function}
    if step.arguments:
        body["args"] = _value(step.arguments)
    if step.result is not None:
        body["result"] = step.result
    return body


def _case(case: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"condition": _value(case.condition)}
    if len(case.steps) == 1 and isinstance(case.steps[0], Return | Raise):
        # A condition may end the subworkflow itself, without steps of its own (reference/syntax/catching-errors).
        body |= _body(case.steps[0])
    elif case.steps:
        body["steps"] = _steps(case.steps)
    if case.next is not None:
        body["next"] = case.next
    return body


def _loop(loop: ForEach) -> dict[str, Any]:
    body: dict[str, Any] = {"value": loop.value}
    if loop.index is not None:
        body["index"] = loop.index
    if loop.over is not None:
        body["in"] = loop.over.render()
    if loop.range is not None:
        body["range"] = Items(loop.range).render()
    body["steps"] = _steps(loop.steps)
    return body


def _value(value: Value) -> Any:
    if isinstance(value, Expression):
        return value.render()
    if isinstance(value, str) and "${" in value:
        # Workflows evaluates ${…} wherever it stands in a text, and a text of a config is no expression.
        return Literal(value).render()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Mapping):
        return {key: _value(child) for key, child in value.items()}
    return [_value(child) for child in value]


class _InlineMap(dict[str, Any]):
    """A map that is written as ``{a: 1, b: 2}``."""


class _InlineList(list[Any]):
    """A list that is written as ``[1, 2]``."""


def _laid_out(value: Any, layout: _Layout) -> Any:
    """The value with every map and list marked that is to stand on one line, outermost first.

    Only the flat layout does so to what decides where the run goes, and none to a step's name, which begins its line.
    """
    if isinstance(value, Sql):
        return dense(value, layout.joined) if layout.joined else value
    if not isinstance(value, dict | list):
        return value
    if _width(value) <= layout.width and (layout.flat or not _controls(value)):
        return _InlineMap(value) if isinstance(value, dict) else _InlineList(value)
    if isinstance(value, dict):
        return {
            key: [_item(step, layout) for step in child] if key == "steps" else _laid_out(child, layout)
            for key, child in value.items()
        }
    return [_item(item, layout) for item in value]


def _item(item: Any, layout: _Layout) -> Any:
    if isinstance(item, dict) and len(item) == 1:
        return {key: _laid_out(child, layout) for key, child in item.items()}
    return _laid_out(item, layout)


def _controls(value: Any) -> bool:
    if isinstance(value, dict):
        return not _CONTROL.isdisjoint(value) or any(map(_controls, value.values()))
    return isinstance(value, list) and any(map(_controls, value))


def _width(value: Any) -> int:
    """The characters that a value takes on one line, two more a text for its quotes."""
    if isinstance(value, dict):
        return sum(len(key) + _width(child) + 4 for key, child in value.items())
    if isinstance(value, list):
        return sum(_width(child) + 2 for child in value)
    text = str(value)
    return _WIDTH if "\n" in text else len(text) + 2


class _Dumper(Emitting):
    """PyYAML's dumper, with literal blocks for texts of several lines.

    Lists stand at their key's own depth, PyYAML's default: the indentation of deep steps counts against the 128 KB.
    """

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's own signature
        """A document has no anchors: a value that appears twice is written twice."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    # PyYAML quotes what YAML 1.1 takes for a number; newer readers take more for one, 27e155 for example.
    if style is None and text[:1] in _BEGINS_A_NUMBER:
        style = "'"
    # libyaml takes no subclass of str.
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


def _inline_map(dumper: _Dumper, value: _InlineMap) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _inline_list(dumper: _Dumper, value: _InlineList) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Sql, _text)
_Dumper.add_representer(_InlineMap, _inline_map)
_Dumper.add_representer(_InlineList, _inline_list)
