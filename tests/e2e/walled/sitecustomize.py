"""Loaded by every Python process that has this folder on its path: the folders that plan and render cannot be imported.

So whatever such a process does at night, it does by the document alone.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_FORBIDDEN = ("replicator.config", "replicator.plan", "replicator.sql", "replicator.workflow")


class Wall:
    """A finder that refuses to find."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the forbidden packages, and leave the rest to the finders behind this one."""
        if name in _FORBIDDEN or name.startswith(tuple(f"{package}." for package in _FORBIDDEN)):
            msg = f"{name} cannot be imported in this process"
            raise ImportError(msg)
        return None


sys.meta_path.insert(0, Wall())
