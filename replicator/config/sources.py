"""Where rows come from: a project, its datasets, and what may leave them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from replicator.config.columns import Columns
from replicator.config.globs import GlobSet
from replicator.config.googlesql import Condition
from replicator.config.locations import Location
from replicator.config.quantities import Bill
from replicator.config.section import Section, at_least_one, refuse
from replicator.config.tables import Partitioned, Shards, Tables, WholeTable
from replicator.config.words import DatasetId, Name, ProjectId, text
from replicator.source.tree import Plain

_GLOB: Final = re.compile(r"[A-Za-z0-9_*]{1,1024}")
_KMS_KEY: Final = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
# bigquery/docs/labels-intro#requirements
_LABEL_KEY: Final = re.compile(r"(?=[^\W\d_])[\w-]{1,63}")
_LABEL_VALUE: Final = re.compile(r"[\w-]{0,63}")
_MAX_LABELS: Final = 64
# An id is written into every row and into statements as a literal; these read alike everywhere.
_OWNER: Final = re.compile(r"[\w.:/-]{1,256}")


def _glob(raw: Plain) -> str:
    glob = text(raw)
    if not _GLOB.fullmatch(glob):
        refuse(f"'{glob}' matches no dataset", "write a dataset's name; * stands for any characters")
    return glob


def _kms_key(raw: Plain) -> str:
    key = text(raw)
    if not _KMS_KEY.fullmatch(key):
        refuse(f"'{key}' is no key", "write projects/<p>/locations/<l>/keyRings/<r>/cryptoKeys/<k>")
    return key


def _owner(raw: Plain) -> str:
    owner = text(raw)
    if not _OWNER.fullmatch(owner):
        refuse(f"'{owner}' is no id", "write letters, digits, and . : / _ - only, such as acme-br.sales")
    return owner


def _label_key(raw: Plain) -> str:
    key = text(raw)
    if not _LABEL_KEY.fullmatch(key) or key != key.lower():
        refuse(f"'{key}' is no label", "write up to 63 lower-case letters, digits, _ and -, a letter first")
    return key


def _label_value(raw: Plain) -> str:
    value = raw if raw == "" else text(raw)
    if not _LABEL_VALUE.fullmatch(value) or value != value.lower():
        refuse(f"'{value}' is no label's value", "write up to 63 lower-case letters, digits, _ and -")
    return value


def _labels(raw: Any) -> Any:
    if isinstance(raw, dict) and len(raw) > _MAX_LABELS:
        refuse(f"has {len(raw)} labels", f"BigQuery keeps {_MAX_LABELS} on a resource")
    return raw


_STRING: Final = WithJsonSchema({"type": "string"})
_Glob = Annotated[str, PlainValidator(_glob), WithJsonSchema({"type": "string", "pattern": f"^{_GLOB.pattern}$"})]
Labels = Annotated[
    Mapping[Annotated[str, PlainValidator(_label_key), _STRING], Annotated[str, PlainValidator(_label_value), _STRING]],
    BeforeValidator(_labels),
]


class Datasets(Section):
    """Which datasets of the source's project take part; looked for again on every run."""

    include: Annotated[tuple[_Glob, ...], BeforeValidator(at_least_one)] = Field(
        json_schema_extra={"minItems": 1},
        description="Names of datasets; * stands for any characters.",
        examples=['["analytics_*"]'],
    )
    exclude: tuple[_Glob, ...] = Field(
        default=(), description="Datasets to leave out of those.", examples=['["analytics_*_trial"]']
    )

    @property
    def globs(self) -> GlobSet:
        """Both lists as a set of names."""
        return GlobSet(self.include, self.exclude)

    @property
    def single(self) -> str | None:
        """The one dataset there can be, or None when there may be several."""
        included = set(self.include)
        return self.include[0] if len(included) == 1 and "*" not in self.include[0] else None


class Staging(Section):
    """Where the source's rows are made ready, in the source's own location."""

    project: ProjectId = Field(
        default="",  # never kept: _own_project says which
        description="The project that runs and pays the source's jobs; the source's own if it is not said.",
        examples=["acme-replication"],
    )
    dataset: DatasetId | None = Field(
        default=None, description="The staging dataset's name; derived from pipeline and source if it is not said."
    )
    kms_key: Annotated[str, PlainValidator(_kms_key), _STRING] | None = Field(
        default=None,
        description="The Cloud KMS key, in the source's location, that encrypts what is staged there; a copy has none.",
        examples=["projects/p/locations/asia-northeast1/keyRings/r/cryptoKeys/k"],
    )


def _spread(raw: Any, info: ValidationInfo) -> Any:
    """One name is a list of one; a source that names its table has named its dataset."""
    tables = info.data.get("tables")
    if raw is not None:
        if isinstance(tables, Partitioned | WholeTable):
            refuse(f"is said twice: tables names '{tables.table}'", "remove datasets")
        return {"include": [raw]} if isinstance(raw, str) else raw
    if isinstance(tables, Partitioned | WholeTable):
        return {"include": [tables.table.dataset]}
    if isinstance(tables, Shards):
        refuse("is missing", "add 'datasets: \"analytics_*\"': shards are looked for in datasets")
    # A query names its tables itself, and tables that are wrong have their own error.
    return Datasets.model_construct(include=(), exclude=())


def _own_project(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, dict) and "project" not in raw:
        # A source whose own project is wrong is refused for that; the filler only keeps it to one error.
        return {**raw, "project": info.data.get("project", "filler")}
    return raw


class Source(Section):
    """One country, or whatever else has a project and a location of its own."""

    name: Name = Field(description="Names the source in logs, the ledger and datasets.", examples=["japan"])
    id: Annotated[str, PlainValidator(_owner), _STRING] | None = Field(
        default=None,
        description="What source_column holds instead of <project>.<dataset>, so that it survives a move.",
        examples=["acme-br.sales"],
    )
    project: ProjectId = Field(description="The project that holds the data.", examples=["acme-jp"])
    location: Location = Field(description="Where its datasets lie.", examples=["asia-northeast1"])
    tables: Tables = Field(
        description="What is replicated: date shards, a partitioned table, a whole table, or a query.",
        examples=['{shards: "events_", suffix: "%Y%m%d"}'],
    )
    datasets: Annotated[Datasets, BeforeValidator(_spread, json_schema_input_type=_Glob | Datasets)] = Field(
        default=None,
        validate_default=True,
        description="The datasets to look into: a name with *, or include and exclude lists of such names.",
        examples=['"analytics_*"'],
    )
    columns: Columns = Field(
        default=Columns(),
        description="What happens to columns before anything is copied.",
        examples=["{exclude: [user_id]}"],
    )
    where: Condition | None = Field(
        default=None,
        description="A condition in GoogleSQL over the source's columns; rows that do not meet it are never copied.",
        examples=["\"platform = 'WEB'\""],
    )
    staging: Annotated[Staging, BeforeValidator(_own_project, json_schema_input_type=Staging)] = Field(
        default={},
        validate_default=True,
        description="Where the source's rows are made ready, and who pays for it.",
        examples=["{project: acme-replication}"],
    )
    landing: DatasetId | None = Field(
        default=None,
        description="The dataset of the state project that copies arrive in; derived if it is not said.",
    )
    labels: Labels = Field(default={}, description="Labels of the source's jobs.", examples=["{cost_center: jp}"])
    max_bytes_billed: Bill | None = Field(
        default=None,
        description="Each of the source's jobs fails rather than bill more than this.",
        examples=["200 GB"],
    )
