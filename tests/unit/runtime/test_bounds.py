"""Nothing that a document says hangs, crashes or leaves the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from time import thread_time

import pytest

from replicator.errors import FailedError
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.program import SyntaxProblems, load
from replicator.runtime.source import read
from replicator.runtime.values import Value, from_json
from tests.unit.runtime.running import run


def test_a_value_that_grows_ever_deeper_is_stopped() -> None:
    """A list in a list in a list ends as a limit of the execution, and not of Python's stack."""
    source = "- a: {assign: [{x: []}]}\n- b: {assign: [{x: ['${x}']}], next: b}"

    with pytest.raises(WorkflowFailed, match="nested deeper than 200 levels"):
        run(source)


def test_a_path_that_grows_ever_deeper_is_stopped() -> None:
    """The same through an assignment to a key."""
    source = "- a: {assign: [{x: {}}]}\n- b: {assign: [{x.k: '${x}'}], next: b}"

    with pytest.raises(WorkflowFailed, match="nested deeper than 200 levels"):
        run(source)


def test_json_that_is_nested_too_deeply_is_an_error() -> None:
    """100,000 brackets are refused before a parser recurses into them."""
    source = """
- a: {assign: [{x: "[[[["}]}
- b: {for: {value: v, range: [1, 14], steps: [{c: {assign: [{x: "${x + x}"}]}}]}}
- d: {return: "${json.decode(x)}"}
"""
    with pytest.raises(WorkflowFailed, match="not JSON: nested deeper"):
        run(source)


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate from JSON can be encoded again."""
    assert run("""- a: {return: '${text.url_encode(json.decode("\\"\\\\ud800\\""))}'}""") == "%EF%BF%BD"


def test_an_argument_that_is_nested_too_deeply_is_refused() -> None:
    """It never reaches the workflow."""
    argument: Value = []
    for _ in range(300):
        argument = [argument]

    with pytest.raises(FailedError, match="nested deeper than 200 levels"):
        run("- a: {return: 1}", argument)


@pytest.mark.parametrize(
    "source",
    [
        "[" * 50_000,
        "- a: {return: '${" + "(" * 300 + "1" + ")" * 300 + "}'}",
        "- a: {return: '${" + "not " * 90 + "true}'}",
        "- a: {return: '${" + "1+" * 5_000 + "1}'}",
        "a: &a [*a]",
        "- a: &a {return: 1}\n- b: *a",
        "- a: {return: !!python/object/apply:os.system ['true']}",
        "- a: {<<: {return: 1}}",
        "\x00",
        "- \ud800",
        "{}",
        "[]",
        "null",
        "main: null",
        "main: {steps: null}",
        "main: {steps: [null]}",
        "main: {steps: [{a: null}]}",
        "main: {steps: [{a: {}}]}",
        "main: {steps: [{a: {switch: []}}]}",
        "- a: {assign: []}",
        "- a: {assign: [{'x y': 1}]}",
        "- a: {assign: [{'f(1)': 1}]}",
        "- a: {call: [x]}",
        "- a: {call: sub, args: [1]}",
        "- a: {parallel: {}}",
        "- a: {parallel: {branches: [{b: {}}]}}",
        "- a: {parallel: {for: {value: v, in: [1]}, concurrency_limit: 0}}",
        "- a: {try: null, except: {}}",
        "- a: {try: {raise: 1}, retry: 3}",
        "- a: {return: |\n   ${1}\n }",
    ],
)
def test_what_is_no_workflow_is_refused(source: str) -> None:
    """Every such source ends in problems with places, and in nothing else."""
    with pytest.raises(SyntaxProblems, match=r"^workflow:\d+:\d+: "):
        load(source)


@pytest.fixture
def in_time() -> Iterator[None]:
    """Fails a test whose thread works for longer than any of this may take; the usual is a hundredth of it."""
    begin = thread_time()
    yield
    assert thread_time() - begin < 5


@pytest.mark.usefixtures("in_time")
def test_a_string_of_quotes_that_never_ends_is_read_once() -> None:
    """Each quote in it could be the beginning of another string, and is not looked at as one."""
    with pytest.raises(ValueError, match="Unterminated string"):
        from_json("[{}" + ",{}" * 200 + ', "' + r"\"" * 120_000)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize(
    "step",
    [
        "- s{at}: {{next: nowhere{at}}}\n",
        "- s{at}: {{call: nowhere{at}}}\n",
        "- s{at}: {{nowhere{at}: 1}}\n",
        "- s{at}: {{call: sys.sleep, args: {{nowhere{at}: 1}}}}\n",
        "- s{at}: {{return: '${{nowhere{at}(1)}}'}}\n",
    ],
)
def test_thousands_of_mistakes_are_told_in_time(step: str) -> None:
    """What may have been meant is asked for some of them only."""
    source = "".join(step.format(at=at) for at in range(2_000))

    with pytest.raises(SyntaxProblems) as refused:
        load(source)

    assert len(refused.value.problems) >= 2_000


@pytest.mark.usefixtures("in_time")
def test_a_name_as_long_as_the_source_is_refused_in_time() -> None:
    """It is compared with nothing."""
    with pytest.raises(SyntaxProblems, match="unknown function"):
        load(f"- a: {{call: {'x' * 100_000}}}")


@pytest.mark.usefixtures("in_time")
def test_json_that_is_indented_beyond_the_longest_string_is_stopped() -> None:
    """It is not put together before it is found to be too long."""
    source = """
- a: {assign: [{blank: "          "}, {x: []}]}
- b: {for: {value: v, range: [1, 12], steps: [{c: {assign: [{blank: "${blank + blank}"}]}}]}}
- d: {for: {value: v, range: [1, 150], steps: [{e: {assign: [{x: ["${x}"]}]}}]}}
- f: {assign: [{layout: {indent: "${blank}"}}]}
- g: {return: "${json.encode_to_string(x, layout)}"}
"""
    with pytest.raises(WorkflowFailed, match=r"ResourceLimitError: json\.encode_to_string"):
        run(source)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("regexp", ["(a+)+$", "(a|aa)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]$", "(.*a){12}"])
def test_a_regular_expression_never_tries_every_way(regexp: str) -> None:
    """Each of these would keep Python's own engine busy for longer than the test runs."""
    source = "main: {params: [args], steps: [{a: {return: '${text.match_regex(args.text, args.regexp)}'}}]}"

    assert run(source, {"text": "a" * 30_000 + "!", "regexp": regexp}) in {True, False}


@pytest.mark.usefixtures("in_time")
def test_a_regular_expression_that_takes_too_much_memory_is_refused() -> None:
    """RE2 says so when the expression is read."""
    with pytest.raises(WorkflowFailed, match="is not a regular expression of RE2"):
        run("""- a: {return: '${text.match_regex("a", "((a{1000}){1000}){1000}")}'}""")


@pytest.mark.parametrize(
    "bad", ["/etc/passwd", "../../etc/passwd", "Europe", "x" * 5_000, "a\u0000b", "localtime/../UTC"]
)
def test_a_time_zone_names_no_file(bad: str) -> None:
    """What is no name of the tz database is an error, wherever on the machine it may lead."""
    source = "main: {params: [args], steps: [{a: {return: '${time.format(0, args)}'}}]}"

    with pytest.raises(WorkflowFailed, match="no time zone"):
        run(source, bad)


def test_half_a_character_in_the_argument_is_replaced() -> None:
    """Nothing that encodes a text meets it."""
    source = (
        "main: {params: [args], steps: [{a: {return: '${[text.url_encode(args), len(json.encode_to_string(args))]}'}}]}"
    )

    assert run(source, "\ud800") == ["%EF%BF%BD", 3]


@pytest.mark.parametrize("end", ["?\n# a comment", "a: 'x\u2028y'\nb:\n", "a: 1\x85b: ${x}"])
def test_every_end_of_a_line_is_counted_as_yaml_counts_it(end: str) -> None:
    """A value that is missing at the very end, and separators that other texts do not take for one."""
    assert read(f"main: {{}}\n{end}")[0] is not None
