"""The JSON Schema and the Markdown reference say what the models say."""

from __future__ import annotations

import json
import re
from typing import Any

from replicator.config.jsonschema import pipeline_schema
from replicator.config.pipeline import Pipeline
from replicator.config.reference import configuration_reference
from replicator.config.sources import Source


def test_every_key_of_a_pipeline_is_described() -> None:
    """A key without a description would be a hole in the reference."""
    schema = pipeline_schema()
    maps: list[dict[str, Any]] = [schema, *schema["$defs"].values()]
    keys = [(name, key) for one in maps for name, key in one.get("properties", {}).items()]

    assert len(keys) > 40
    assert not [name for name, key in keys if not (key.get("description") or "$ref" in key)]


def test_the_schema_allows_short_and_long_forms_and_no_unknown_key() -> None:
    """An editor underlines what ``validate`` refuses."""
    schema = pipeline_schema()
    source = schema["$defs"]["Source"]

    assert schema["additionalProperties"] is False
    assert schema["required"] == ["version", "pipeline", "target", "state", "sources"]
    assert source["required"] == ["name", "project", "location", "tables"]
    assert {part.get("type", "map") for part in source["properties"]["datasets"]["anyOf"]} == {"string", "map"}
    assert schema["properties"]["lease"]["default"] == "15 minutes"
    assert schema["properties"]["merge"]["default"] == "replace_partitions"
    assert "project" not in schema["$defs"]["Staging"].get("required", [])


def test_the_schema_is_json_and_leads_nowhere_but_into_itself() -> None:
    """Every reference is defined."""
    text = json.dumps(pipeline_schema())

    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) <= pipeline_schema()["$defs"].keys()


def test_the_reference_names_every_key_and_every_choice() -> None:
    """One row a key, one table a map, words that can be chosen in the row."""
    reference = configuration_reference()

    assert all(f"| `{key}` |" in reference for key in (*Pipeline.key_names(), *Source.key_names()))
    assert "### `merge`: upsert" in reference
    assert "### `sources[].columns`" in reference
    assert "One of `report`, `evolve`, `fail`." in reference
    assert "| `lease` |" in reference
    assert "&lt;project>.&lt;dataset>" in reference
