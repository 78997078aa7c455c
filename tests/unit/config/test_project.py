"""All files of a directory: layers, names, and what pipelines that share a target must agree on."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from replicator.config.project import load_project
from replicator.errors import ConfigError, UsageError
from tests.unit.config.pipelines import ORDERS


def write(directory: Path, **files: str) -> Path:
    """A directory of configs; ``environments__dev`` is ``environments/dev.yaml``."""
    for name, text in files.items():
        file = directory / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return directory


def refusals(directory: Path, environment: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_project(directory, environment=environment)
    return [str(problem).removeprefix(f"{directory}/") for problem in refused.value.problems]


def other(name: str, *, project: str = "acme-br") -> str:
    return ORDERS.replace("pipeline: orders", f"pipeline: {name}").replace("acme-jp", project)


def test_every_yaml_file_but_the_defaults_is_a_pipeline(tmp_path: Path) -> None:
    """They come in the order of their names, whatever the files are called."""
    directory = write(tmp_path, b=ORDERS, a=other("returns"), defaults="lease: 5 minutes\n")
    (directory / "examples").mkdir()
    (directory / "examples" / "broken.yaml").write_text("[", encoding="utf-8")

    assert [pipeline.name for pipeline in load_project(directory, environment=None).pipelines] == ["orders", "returns"]


def test_defaults_lie_below_and_an_environment_above(tmp_path: Path) -> None:
    """Maps are joined key by key; what the file says goes before defaults and after the environment."""
    directory = write(
        tmp_path,
        orders=ORDERS + "lease: 10 minutes\n",
        defaults="lease: 5 minutes\nmerge: append\nschedule: {cron: 0 5 * * *, time_zone: Europe/Paris}\n",
        environments__dev="state: {dataset: acme-dev.replicator}\nschedule: {cron: 0 6 * * *}\n",
        environments__bare="schedule: null\n",
    )

    (plain,) = load_project(directory, environment=None).pipelines
    (dev,) = load_project(directory, environment="dev").pipelines
    (bare,) = load_project(directory, environment="bare").pipelines

    assert (plain.environment, dev.environment) == (None, "dev")
    assert plain.schedule is not None
    assert dev.schedule is not None
    assert (plain.lease, str(plain.state.dataset)) == (timedelta(minutes=10), "acme-analytics.replicator")
    assert (str(dev.state.dataset), dev.schedule.cron, dev.schedule.time_zone) == (
        "acme-dev.replicator",
        "0 6 * * *",
        "Europe/Paris",
    )
    assert type(plain.merge).__name__ == "Append"
    assert bare.schedule is None


def test_an_environment_can_change_one_pipeline_alone(tmp_path: Path) -> None:
    """Two pipelines have two targets in development too."""
    directory = write(
        tmp_path,
        orders=ORDERS,
        returns=other("returns"),
        environments__dev="pipelines:\n  returns: {target: {table: acme-dev.sales.returns}}\n",
    )

    orders, returns = load_project(directory, environment="dev").pipelines

    assert (str(orders.target.table), str(returns.target.table)) == (
        "acme-analytics.sales.orders",
        "acme-dev.sales.returns",
    )


def test_an_error_points_into_the_file_it_came_from(tmp_path: Path) -> None:
    """Once, although two pipelines lie above the wrong default."""
    directory = write(
        tmp_path,
        orders=ORDERS,
        returns=other("returns"),
        defaults="\nlease: soon\n",
        environments__dev="target: {locaton: EU}\nalign: sideways\n",
    )

    assert refusals(directory, "dev") == [
        (
            "defaults.yaml:2:8: lease: 'soon' is no span of time; "
            "write a whole number and a unit, such as 15 minutes or 4 days"
        ),
        "environments/dev.yaml:1:10: target.locaton: no such key; did you mean 'location'?",
        "environments/dev.yaml:2:8: align: is 'sideways'; use one of wildcard, projection",
    ]


def test_every_file_is_looked_at_although_one_is_broken(tmp_path: Path) -> None:
    """All problems of all files at once, in their order."""
    directory = write(tmp_path, a="a: [", b=ORDERS.replace("EU", "Europa"), defaults="pipeline: x\n")

    told = refusals(directory)

    assert [line.split(":")[0] for line in told] == ["a.yaml", "b.yaml", "defaults.yaml"]
    assert (
        told[2]
        == "defaults.yaml:1:1: pipeline: cannot be the same for all pipelines; say it in each pipeline's own file"
    )


def test_an_environment_that_names_a_stranger_is_refused(tmp_path: Path) -> None:
    """A typo there would change nothing and say nothing."""
    directory = write(tmp_path, orders=ORDERS, environments__dev="pipelines: {order: {lease: 1 hour}}\n")

    assert refusals(directory, "dev") == [
        "environments/dev.yaml:1:13: pipelines.order: there is no such pipeline; did you mean 'orders'?"
    ]


def test_two_pipelines_have_two_names(tmp_path: Path) -> None:
    """A copied file is told with both places."""
    directory = write(
        tmp_path, a=ORDERS, b=other("orders").replace("acme-analytics.sales.orders", "acme-analytics.sales.copy")
    )

    (told,) = refusals(directory)

    assert told == (
        f"b.yaml:2:11: pipeline: 'orders' is the name of the pipeline at {directory}/a.yaml:2:11 already; "
        "give each pipeline its own"
    )


def test_pipelines_that_share_a_target_share_its_form_and_its_fence(tmp_path: Path) -> None:
    """Otherwise each would undo what the other does."""
    changed = other("returns", project="acme-jp").replace("by: day", "by: month").replace("replicator}", "other}")
    directory = write(tmp_path, a=ORDERS, b=changed)

    told = refusals(directory)

    assert [line.split(": ")[1] for line in told] == ["target.partition", "state.dataset", "sources[0]"]
    assert "the fence would not hold one off the other" in told[1]
    assert "owns 'acme-jp.shop_', which source 'japan' of pipeline 'orders'" in told[2]


def test_an_unknown_pipeline_is_one_sentence(tmp_path: Path) -> None:
    """It says what there is."""
    project = load_project(write(tmp_path, orders=ORDERS), environment=None)

    assert project.pipeline("orders").name == "orders"
    with pytest.raises(UsageError, match=r"has no pipeline 'order'; did you mean 'orders'\?"):
        project.pipeline("order")
    with pytest.raises(UsageError, match="has no pipeline 'zebra'; there is only 'orders'"):
        project.pipeline("zebra")


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """No directory, no file, no environment, a file that would be overlooked."""
    with pytest.raises(UsageError, match=r"absent does not exist; name the directory"):
        load_project(tmp_path / "absent", environment=None)
    with pytest.raises(UsageError, match="holds no pipeline file; write one as"):
        load_project(tmp_path, environment=None)
    write(tmp_path, orders=ORDERS)
    with pytest.raises(UsageError, match=r"has no environment 'prod'; write .*environments/prod.yaml"):
        load_project(tmp_path, environment="prod")
    write(tmp_path, environments__prod="lease: 1 hour\n")
    with pytest.raises(UsageError, match=r"has no environment 'prdo'; did you mean 'prod'\?"):
        load_project(tmp_path, environment="prdo")
    (tmp_path / "more.yml").write_text(ORDERS, encoding="utf-8")
    with pytest.raises(UsageError, match=r"more.yml would not be read; rename it to more.yaml"):
        load_project(tmp_path, environment=None)


def test_fifty_files_are_read_quickly(tmp_path: Path) -> None:
    """Processor time, so that a busy machine does not decide: under 50 ms a file."""
    for number in range(50):
        write(
            tmp_path,
            **{
                f"p{number}": other(f"p{number}", project=f"acme-p{number}").replace(
                    "sales.orders", f"sales.orders_{number}"
                )
            },
        )
    started = time.process_time()

    project = load_project(tmp_path, environment=None)

    assert len(project.pipelines) == 50
    assert time.process_time() - started < 2.5


def test_an_environment_is_named_so_that_it_can_be_a_label(tmp_path: Path) -> None:
    """What is deployed carries it, and labels hold no capitals and no blanks."""
    directory = write(tmp_path, orders=ORDERS, **{"environments__EU prod": "lease: 5 minutes\n"})

    with pytest.raises(UsageError, match=r"EU prod.yaml: 'EU prod' cannot be a label of what is deployed; rename it"):
        load_project(directory, environment="EU prod")
