"""Every function of the standard library by its name.

docs.cloud.google.com/workflows/docs/reference/stdlib/overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from replicator.runtime.stdlib import data, helpers, http, retries, system, text
from replicator.runtime.stdlib.signature import Function

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function for module in (data, helpers, http, retries, system, text) for function in module.FUNCTIONS
}
