"""What the linter finds, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.limits import EXPRESSION_CHARACTERS, SOURCE_BYTES
from replicator.runtime.lint.linter import lint

FILE = Path("w.yaml")


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("- a: {return: '${x + 1}'}", "w.yaml:1:16: error: main.a: no variable 'x' here; assign it before"),
        ("- a: {return: 'is ${x}'}", "w.yaml:1:19: error: main.a: no variable 'x' here"),
        ("- a: {return: 1}\n- b: {return: 2}", "w.yaml:2:3: warning: main.b: nothing leads to this step"),
        ("- a: {raise: 1}\n- b: {return: 2}", "w.yaml:2:3: warning: main.b: nothing leads to this step"),
        (
            "- a: {switch: [{condition: true, return: 1}]}\n- b: {return: 2}",
            "w.yaml:2:3: warning: main.b: nothing leads to this step",
        ),
        (
            "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}\n- c: {return: '${x}'}",
            "w.yaml:2:16: error: main.c: no variable 'x' here",
        ),
        (
            "- z: {assign: [{x: 0}]}\n- a: {parallel: {for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}}",
            "w.yaml:2:66: error: main.b: 'x' is a variable around the parallel step, and not shared",
        ),
        (
            "- a: {parallel: {shared: [x], for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}}",
            "the shared variable 'x' is not set before",
        ),
        ("- a: {cal: x}", "w.yaml:1:7: error: main.a: no such key: 'cal'; did you mean 'call'?"),
        (
            "- a: {next: c}\n- bb: {return: 1}",
            "w.yaml:1:13: error: main.a.next: there is no step 'c' to go on with from here; name a step of this block",
        ),
        (
            "- a: {next: bbb}\n- bb: {return: 1}",
            "w.yaml:1:13: error: main.a.next: there is no step 'bbb' to go on with from here; did you mean 'bb'?",
        ),
        (
            "- a: {call: sys.slep, args: {seconds: 1}}",
            "w.yaml:1:13: error: main.a: unknown function 'sys.slep'; did you mean 'sys.sleep'?",
        ),
        (
            "- a: {return: '${sys.slep(1)}'}",
            "w.yaml:1:3: error: main.a: unknown function 'sys.slep'",
        ),
        (
            "- a: {call: googleapis.pubsub.v1.projects.topics.publsh}",
            "did you mean 'googleapis.pubsub.v1.projects.topics.publish'?",
        ),
        (
            "- a: {call: sys.sleep}",
            "w.yaml:1:13: error: main.a.args: sys.sleep needs the argument 'seconds'; add 'seconds'",
        ),
        (
            "- a: {call: sys.sleep, args: {seconds: 1, second: 2}}",
            "w.yaml:1:43: error: main.a.args: sys.sleep has no argument 'second'; did you mean 'seconds'?",
        ),
        (
            "- a: {call: googleapis.storage.v1.objects.get, args: {bucket: b}}",
            "googleapis.storage.v1.objects.get needs the argument 'object'; add 'object'",
        ),
        (
            "- a: {call: googleapis.storage.v1.objects.get, args: {bucket: b, object: o, name: n}}",
            "w.yaml:1:77: error: main.a.args: googleapis.storage.v1.objects.get has no argument 'name'",
        ),
        (
            "main: {steps: [{a: {call: f, args: {y: 1}}}]}\nf: {params: [x], steps: [{b: {return: 1}}]}",
            "w.yaml:1:37: error: main.a.args: f has no argument 'y'",
        ),
        (
            "- a: {parallel: {for: {value: v, in: [1], steps: [{b: {return: 1}}]}}}",
            "w.yaml:1:52: error: main.b: 'return' inside a parallel step; assign to a shared variable",
        ),
        (
            """
- z: {assign: [{x: {}}]}
- a: {parallel: {for: {value: v, in: [1], steps: [{b: {assign: [{'x.k': 1}]}}]}}}
""",
            "w.yaml:3:66: error: main.b: 'x' is a variable around the parallel step, and not shared; add it to",
        ),
        (f"- a: {{return: '${{1 {'+ 1' * 133}}}'}}", "the expression has 404 characters, and may have 400"),
        (f"- a: {{assign: [{', '.join(f'{{x{n}: 1}}' for n in range(51))}]}}", "and 50 are allowed"),
        (f"- a: {{switch: [{', '.join(['{condition: true, return: 1}'] * 51)}]}}", "and 50 are allowed"),
        (
            "- a: {parallel: {branches: ["
            + ", ".join(f"{{b{n}: {{steps: [{{s{n}: {{return: 1}}}}]}}}}" for n in range(11))
            + "]}}",
            "and 10 are allowed",
        ),
        ("a: [", "w.yaml:2:1: error: not YAML"),
        ("", "w.yaml:1:1: error: the source is empty; a workflow has at least one step"),
    ],
)
def test_a_mistake_is_found_where_it_is(source: str, finding: str) -> None:
    """Each finding has the file, the line, the column, what is wrong and what to do."""
    assert finding in "\n".join(str(found) for found in lint(source, FILE).findings)


@pytest.mark.parametrize(
    "source",
    [
        "- a: {assign: [{x: 1}]}\n- b: {return: '${x}'}",
        "- a: {for: {value: v, index: i, in: [1], steps: [{b: {assign: [{x: '${v + i}'}, {y: '${x}'}]}}]}}",
        """
- z: {assign: [{x: 0}]}
- a: {parallel: {shared: [x], for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}}
""",
        """
- a:
    try: {call: sys.sleep, args: {seconds: 1}}
    except: {as: e, steps: [{b: {raise: '${e}'}}]}
- c: {return: 1}
""",
        "- a: {next: c}\n- b: {return: 1}\n- c: {switch: [{condition: '${1 == 1}', next: b}]}\n- d: {return: 2}",
        """
main: {params: [a], steps: [{s: {call: f, args: {x: '${a}'}, result: r}}, {t: {return: '${r}'}}]}
f: {params: [x, y: 1], steps: [{u: {return: '${x + y}'}}]}
""",
    ],
)
def test_what_is_right_is_left_alone(source: str) -> None:
    """A document that runs as it is meant has no findings."""
    assert [str(found) for found in lint(source, FILE).findings] == []


def test_all_mistakes_are_told_at_once() -> None:
    """Syntax, jumps, calls and variables of one document, in the order of the source."""
    source = "- a: {next: nowhere}\n- b: {call: foo}\n- c: {retrun: 1}\n- d: {return: '${1 +}'}\n- e: {return: '${zz}'}"

    lines = [finding.problem.place.line for finding in lint(source, FILE).findings if finding.weight == "error"]

    assert lines == [1, 2, 3, 4, 5]


def test_headroom_is_told_for_each_limit() -> None:
    """The largest use of each limit, and the line that it stands in."""
    source = "- a: {assign: [{x: 1}, {y: 2}]}\n- b: {return: '${x + y}'}"

    uses = {room.limit: room for room in lint(source, FILE).headroom}

    assert (uses[EXPRESSION_CHARACTERS].used, uses[EXPRESSION_CHARACTERS].line) == (len("${x + y}"), 2)
    assert uses[SOURCE_BYTES].used == len(source)
    assert "assignments per assign step: 2 of 50 assignments (4%, line 1)" in map(str, uses.values())


def test_a_source_that_is_too_large_is_refused_unread() -> None:
    """128 KB are the most."""
    report = lint("# " + "x" * SOURCE_BYTES.value + "\n- a: {return: 1}", FILE)

    assert "and 131072 are allowed" in str(report.findings[0])
