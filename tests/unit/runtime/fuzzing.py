"""Documents and expressions that nobody would write: grown from the grammar, and real ones with damage done to them.

Everything is drawn from one seed, so that a document that breaks something can be made again.
"""

from __future__ import annotations

import json
import random
import re
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from replicator.runtime.connectors import METHODS
from replicator.runtime.expressions.parser import BINARY_PRECEDENCE, UNARY_OPERATORS
from replicator.runtime.stdlib.registry import FUNCTIONS
from replicator.runtime.stdlib.retries import BACKOFFS, POLICIES
from replicator.runtime.syntax import words

NAMES: Final = ("x", "x", "y", "y", "e", "args", "nothing", "__class__", "_")
KEYS: Final = (*words.STEP_KEYS, *words.PARALLEL_KEYS, *words.FOR_KEYS, *words.RETRY_KEYS, *words.BACKOFF_KEYS,
    "as", "condition", "params", "main", "k", "${x}", "x[0]", "x.k", "__dict__")  # fmt: skip
SCALARS: Final = (
    None, True, False, 0, 1, -1, 2, 7, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, 1e-320, "", "a", "é😀", "UTC", "SHA256",
    "(a|a)*$", "%zz", "{0.__class__}", "../../etc/passwd", "2024-02-30T00:00:00Z", "}", "\\", "https://example.com",
    "file:///etc/passwd", "0123456789" * 30, "[" * 300, "\n",
)  # fmt: skip
BAD_SCALARS: Final = ("${", "\u0000", "\ud800", 1e999, 2**64, "${}", "${1 +}")
LITERALS: Final = ("null", "true", "FALSE", "0", "1", "9223372036854775807", "1.5", "1e308", "1e999", '"a"', "'a'",
    '"\\ud800"', '"(a*)*b"', "[]", "[1, 2]", '"2024-05-08T12:01:00Z"')  # fmt: skip
USUAL: Final = tuple(name for name, function in FUNCTIONS.items() if not function.blocking)
BAD_LITERALS: Final = ("9223372036854775808", '"\\x"', "{}", "1x", "&", '"', "$")
NOISE: Final = (*"(){}[].,:;+-*/%<>=!&|^~?@#$\"'`\\ \n\t\x00é😀", "${", "}}", "not", "in", "and", "or", "==", "//",
    "..", "\ud800")  # fmt: skip


class Fuzz:
    """Everything that is drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._steps = 0
        self._parallels = 0

    def source(self, real: str) -> str:
        """A document: grown, grown and damaged, or a part of a real one with damage done to it."""
        match self._random.randrange(10):
            case 0 | 1 | 2 | 3:
                return self._written(self.document())
            case 4:
                return self.damaged(self._written(self.document()))
            case 5 | 6:
                return self.damaged(real)
            case _:
                return self._written([self._begin(), {"a": {"return": self.value(1)}}])

    def _written(self, document: Any) -> str:
        # Unescaped, so that the reader meets every character itself.
        return json.dumps(document, ensure_ascii=self._random.random() < 0.2)

    # Documents -----------------------------------------------------------------------------------------------------
    def document(self) -> Any:
        """Routines with steps, now and then something else."""
        if self._random.random() < 0.05:
            return self.value(4)
        main = [self._begin(), *self.steps(3)]
        if self._random.random() < 0.3:
            return main
        routines: dict[str, Any] = {"main": {"params": ["args"], "steps": main}}
        routines["sub"] = {"params": ["x", {"y": self._random.choice(SCALARS)}], "steps": self.steps(2)}
        return routines

    def _begin(self) -> Any:
        """A step that sets the names that the other steps use, so that most of what they do gets somewhere."""
        lines: list[Any] = [{"x": self._random.choice((1, [1, 2], "a")), "y": {"k": {"k": 1}}, "e": [], "args": {}}]
        return {"begin": {"assign": [{name: value} for line in lines for name, value in line.items()]}}

    def steps(self, depth: int) -> list[Any]:
        """A few steps with names of their own, now and then with none."""
        return [{self._name(): self.step(depth)} for _ in range(self._random.randint(1, 4))]

    def _name(self) -> str:
        self._steps += 1
        return "again" if self._random.random() < 0.01 else f"s{self._steps}"

    def step(self, depth: int) -> Any:
        """One step of any kind, mostly as it should be."""
        kinds = [*words.STEP_KINDS] if depth > 0 else ["assign", "call", "raise", "return"]
        if self._parallels and self._random.random() < 0.98:
            kinds.remove("return")
        kind = self._random.choice(kinds)
        made = self._body(kind, depth)
        if self._random.random() < 0.08:
            near = f"s{max(self._steps - self._random.randint(0, 1), 1)}"
            made["next"] = self._random.choice((near, near, near, "begin", "end", *words.NEXT_WORDS, "nowhere"))
        if self._random.random() < 0.01:
            made[self._random.choice(KEYS)] = self.value(2)
        return made

    def _body(self, kind: str, depth: int) -> dict[str, Any]:
        match kind:
            case "assign":
                return {"assign": [{self._target(): self.value(2)} for _ in range(self._random.randint(1, 3))]}
            case "call":
                return self._call()
            case "switch":
                return {"switch": [{"condition": self._computed(), **self.step(depth - 1)}]}
            case "for":
                return {"for": self._loop(depth)}
            case "parallel":
                self._parallels += 1
                made = {"parallel": self._parallel(depth)}
                self._parallels -= 1
                return made
            case "try":
                return self._try(depth)
            case "steps":
                return {"steps": self.steps(depth - 1)}
            case _:
                return {kind: self.value(2)}

    def _call(self) -> dict[str, Any]:
        name = self._random.choice((*FUNCTIONS, "sub", "sub", "googleapis", "googleapis", "main"))
        known = FUNCTIONS.get(name)
        if self._random.random() < 0.03:
            args: Any = {self._random.choice(NAMES): self.value(1)}
        elif name == "sub":
            args = {"x": self.value(1)}
        elif name == "googleapis":
            name = self._random.choice(tuple(METHODS))
            args = {argument: self.value(1) for argument in METHODS[name].required_arguments}
            args["connector_params"] = {"timeout": self._random.choice((1, 100, 0))}
        elif known is None:
            args = {}
        elif self._random.random() < 0.3:
            args = [self.value(1) for _ in known.parameters]
        else:
            args = {parameter.name: self.value(1) for parameter in known.parameters}
        return {"call": name, "args": args, "result": self._random.choice(NAMES)}

    def _loop(self, depth: int) -> dict[str, Any]:
        over = self._random.choice(
            (
                {"in": self._computed()},
                {"in": [1, 2, 3]},
                {"range": [1, 3]},
                {"range": "${[0, x]}"},
                {"range": [0, 1e18]},
            )
        )
        return {"value": self._random.choice(NAMES), **over, "steps": self.steps(depth - 1)}

    def _parallel(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {"shared": [self._random.choice(NAMES)]} if self._random.random() < 0.5 else {}
        if self._random.random() < 0.3:
            made["concurrency_limit"] = self._random.choice((1, 2, 0, "${x}"))
        if self._random.random() < 0.5:
            return {**made, "for": self._loop(depth)}
        return {**made, "branches": [{name: {"steps": self.steps(depth - 1)}} for name in ("b1", "b2")]}

    def _try(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {"try": self.step(depth - 1)}
        if self._random.random() < 0.6:
            made["retry"] = self._random.choice((
                f"${{{self._random.choice((*POLICIES, *BACKOFFS))}}}",
                {"predicate": "${retry.always}", "max_retries": self.value(0), "backoff": "${retry.default_backoff}"},
                {"predicate": "${sub}", "max_retries": 2, "backoff": dict.fromkeys(words.BACKOFF_KEYS, self.value(0))},
            ))  # fmt: skip
        made["except"] = {"as": "e", "steps": self.steps(depth - 1)}
        return made

    def _target(self) -> str:
        return self._random.choice((*NAMES, "x.k", "x[0]", 'y["k"].k', f"x[{self.expression(1)}]"))

    def value(self, depth: int) -> Any:
        """A value as a document has it, with expressions in it."""
        chance = self._random.random()
        if chance < 0.4:
            return self._computed()
        if chance < 0.5:
            return f"a {self._computed()} b"
        if not depth or chance < 0.8:
            return self._random.choice(SCALARS if self._random.random() < 0.98 else BAD_SCALARS)
        if chance < 0.9:
            return [self.value(depth - 1) for _ in range(self._random.randint(0, 3))]
        return {self._random.choice(KEYS): self.value(depth - 1) for _ in range(self._random.randint(0, 3))}

    # Expressions ---------------------------------------------------------------------------------------------------
    def _computed(self) -> str:
        return f"${{{self.expression()}}}"

    def expression(self, depth: int = 3) -> str:
        """An expression, now and then with noise in it."""
        if self._random.random() < 0.005:
            return "".join(self._random.choices(NOISE, k=self._random.randint(0, 6)))
        if not depth:
            return self._random.choice((*NAMES, *LITERALS) if self._random.random() < 0.995 else BAD_LITERALS)
        inner = depth - 1
        match self._random.randrange(8):
            case 0:
                return f"{self._random.choice(tuple(UNARY_OPERATORS))} {self.expression(inner)}"
            case 1 | 2:
                operator = self._random.choice(tuple(BINARY_PRECEDENCE))
                return f"{self.expression(inner)} {operator} {self.expression(inner)}"
            case 3:
                return f"({self.expression(inner)})"
            case 4:
                return f"{self.expression(inner)}[{self.expression(inner)}]"
            case 5:
                return f"{self._random.choice(NAMES)}.{self._random.choice((*NAMES, 'k', 'in'))}"
            case 6:
                return f"[{self.expression(inner)}, {self.expression(inner)}]"
            case _:
                return self._invoked(inner)

    def _invoked(self, depth: int) -> str:
        name = self._random.choice(USUAL if self._random.random() < 0.97 else [*FUNCTIONS, "sub", "open", "x.keys"])
        known = FUNCTIONS.get(name)
        count = 2 if known is None else len(known.parameters)
        return f"{name}({', '.join(self.expression(depth) for _ in range(count))})"

    # Damage --------------------------------------------------------------------------------------------------------
    def damaged(self, text: str) -> str:
        """A part of the text in which a few pieces were taken out, doubled, moved or replaced."""
        lines = self._part(text).split("\n")
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(lines))
            line = lines[at]
            match self._random.randrange(7):
                case 0:
                    del lines[at]
                case 1:
                    lines.insert(at, self._random.choice(lines))
                case 2:
                    lines[at] = self._random.choice(("  ", " ", "\t", "- ")) + line
                case 3:
                    lines[at] = line.lstrip() or line
                case 4:
                    cut = self._random.randint(0, len(line))
                    lines[at] = line[:cut] + self._random.choice(NOISE) + line[cut + self._random.randint(0, 3) :]
                case 5:
                    lines[at] = line.replace(self._random.choice(KEYS), self._random.choice(KEYS))
                case _:
                    lines[at] = f"{line.partition(':')[0]}: {json.dumps(self.value(2))}"
            lines = lines or [""]
        return "\n".join(lines)

    def _part(self, text: str) -> str:
        """Some routines of a document, or the text as it is where there are none."""
        routines = _routines(text)
        if len(routines) < 2:
            return text
        picked = self._random.sample(routines, 2)
        if self._random.random() < 0.7:
            picked[0] = "main:" + picked[0][picked[0].index(":") + 1 :]
        return "\n".join(picked)


@lru_cache(maxsize=1)
def _routines(text: str) -> tuple[str, ...]:
    """The parts of a document that begin at the margin."""
    starts = [match.start() for match in re.finditer(r"^\w+:", text, re.MULTILINE)]
    return tuple(text[start:end].rstrip() for start, end in pairwise([*starts, len(text)]))
