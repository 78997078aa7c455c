"""Regular expressions as RE2 reads and runs them, in time that grows with the text and never with the ways to match.

docs.cloud.google.com/workflows/docs/reference/stdlib/text/find_all_regex: "Uses RE2 syntax"; of matches that start at
one place the longest counts. Python's own engine can take longer than anybody waits for one expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from replicator.runtime.errors import Tag, error


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that can be looked for.

    Attributes:
        function: Who looks, for messages.
        regexp: The package's own object.
    """

    function: str
    regexp: Any

    def found_in(self, source: str) -> bool:
        """Whether it matches anywhere.

        Raises:
            WorkflowError: ValueError: the text has no form in UTF-8.
        """
        return next(self.spans(source), None) is not None

    def spans(self, source: str) -> Iterator[tuple[int, int]]:
        """Where it matches, from left to right: an empty match right behind another one is none.

        Raises:
            WorkflowError: ValueError: the text has no form in UTF-8.
        """
        last = -1
        try:
            for match in self.regexp.finditer(source):
                start, end = match.span()
                if start != end or start != last:
                    yield start, end
                last = end
        except UnicodeEncodeError:
            fact = "the text has half of a character in it, which UTF-8 has no form for"
            raise error(Tag.VALUE, f"{self.function}: {fact}") from None


def compiled(function: str, regexp: str) -> Pattern:
    """The expression, made ready.

    Raises:
        WorkflowError: ValueError: it is no regular expression that RE2 knows.
    """
    import re2

    options = re2.Options()
    options.longest_match = True
    options.never_capture = True
    options.log_errors = False
    try:
        return Pattern(function, re2.compile(regexp, options))
    except re2.error as failure:
        (reason,) = failure.args
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise error(Tag.VALUE, f"{function}: {regexp!r} is not a regular expression of RE2: {words}") from None
    except UnicodeEncodeError:
        raise error(Tag.VALUE, f"{function}: the regular expression has half of a character in it") from None
