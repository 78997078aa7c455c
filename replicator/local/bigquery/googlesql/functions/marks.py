"""What stands in the templates of aggregate and analytic functions until the call is known."""

from __future__ import annotations

from typing import Final

OVER: Final = "\x06over\x06"
"""Where FILTER and OVER go."""
ORDER: Final = "\x06order\x06"
NULLS: Final = "\x06nulls\x06"
DISTINCT: Final = "\x06distinct\x06"
