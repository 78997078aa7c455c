"""The demo's pipeline is the one a reader finds in the repository."""

from __future__ import annotations

from pathlib import Path

from replicator.demo.pipeline import CONFIGS, PIPELINE

_REPOSITORY = Path(__file__).parents[3]


def test_the_shipped_file_is_the_repositorys() -> None:
    """An installed demo runs exactly the pipeline that ``configs/`` shows."""
    name = f"{PIPELINE}.yaml"

    assert (CONFIGS / name).read_bytes() == (_REPOSITORY / "configs" / name).read_bytes()
    assert [path.name for path in CONFIGS.iterdir()] == [name]
