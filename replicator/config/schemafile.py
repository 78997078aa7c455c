"""The JSON Schema as a file beside the pipelines, and the line by which a pipeline file names it for editors.

The schema lies in the directory of the configs, so that a clone has it without the network; editors with a
YAML language server find it by the line's path, which is relative to the file that holds it.
"""

from __future__ import annotations

import json
from typing import Final

from replicator.config.jsonschema import pipeline_schema

SCHEMA_FILE: Final = "pipeline.schema.json"
"""Its name in the directory of the configs, where only ``*.yaml`` files are read as pipelines."""

SCHEMA_LINE: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""What a pipeline file beside it begins with."""


def schema_text() -> str:
    """The schema as the file holds it; the same models give the same text."""
    return json.dumps(pipeline_schema(), indent=2, ensure_ascii=False) + "\n"
