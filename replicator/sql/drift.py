"""Drift: what of the landed schemas is not as in the target's, found by SQL from metadata alone.

The same differences as ``schema.compare`` finds, but for the order of siblings, which metadata tells of no record and
which is harmless by name, and for REQUIRED, which a buffer never is. Buffers of one schema are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from replicator.names import DatasetRef, TableRef
from replicator.schema.compare import CASTS, WIDER
from replicator.schema.fields import Field
from replicator.sql.inventory import buffer_name
from replicator.sql.ledger import DRIFT
from replicator.sql.placeholders import LANDING, MANIFEST, dataset_view, run_value, source_value
from replicator.sql.projection import UNIT
from replicator.sql.quoting import quote_name, quote_string, quote_table, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What is done about a difference; paths are in lower case.

    Attributes:
        policy: ``report``, ``evolve`` or ``fail``.
        paths: Another policy for a path and all below it; the longest path that fits counts.
        ignore: Paths, and all below them, of which nothing is told.
        cast: Paths whose values are cast to the target's type where no value is lost.
        reshape: Paths that may be one value on one side and an array on the other.
    """

    policy: str = "report"
    paths: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    reshape: tuple[str, ...] = ()

    @property
    def evolves(self) -> bool:
        """Whether the target gains any field."""
        return "evolve" in {self.policy, *self.paths.values()}

    @property
    def converts(self) -> bool:
        """Whether any value is brought to another type or shape."""
        return bool(self.cast or self.reshape)

    def of(self, path: str) -> str:
        """The policy for a field that the target lacks; case does not matter."""
        named = [one for one in self._named if self.names((one,), path)]
        return self._named[max(named, key=len)] if named else self.policy

    @staticmethod
    def names(listed: Iterable[str], path: str) -> bool:
        """Whether ``path``, in any case, is one of those listed or below one."""
        return any(f"{path.lower()}.".startswith(f"{one}.") for one in listed)

    def leaves_out(self, path: str) -> str:
        """An SQL condition: a field that the target lacks is left out, as ``report`` and ``ignore`` ask for.

        Args:
            path: An SQL expression of a path in lower case.
        """
        return self._chooses("report", path)

    def adds(self, path: str) -> str:
        """An SQL condition: the target gains a field that it lacks; ``path`` as above."""
        return self._chooses("evolve", path)

    @property
    def _named(self) -> Mapping[str, str]:
        """The policies of single paths."""
        return {**dict.fromkeys(self.ignore, "report"), **self.paths}

    def _chooses(self, wanted: str, path: str) -> str:
        branches = [
            f"WHEN {within(path, (one,))} THEN {_truth(holds=policy == wanted)}"
            for one, policy in sorted(self._named.items(), key=lambda item: -len(item[0]))
        ]
        rest = _truth(holds=self.policy == wanted)
        return f"CASE {' '.join(branches)} ELSE {rest} END" if branches else rest


def find_differences(target: TableRef, *, buffers: str, own: str, policies: Policies) -> str:
    """Statements that make the temporary tables ``prints``, ``sides`` and ``differences``.

    ``prints`` says of each buffer (``table_name``) which one is the ``example`` of its schema. ``sides`` has the fields
    of the target (``example`` is empty) and of the examples. A row of ``differences`` is one difference of one schema:
    ``example``, the ``dataset`` that it came from, ``path`` as the target spells it, ``change`` in the words of
    ``schema.compare``, ``data_type`` and ``target_type`` (NULL where that side lacks the field), and ``converted``: the
    policies bring it to the target's type or shape.

    Args:
        target: The target.
        buffers: An SQL condition over ``table_name``: this run's buffers.
        own: An SQL condition over ``field_path``: a column of the target that the buffers do not bring.
        policies: What is done about differences.
    """
    # A parameter of a type, as in STRING(10), bounds what is stored and is not part of what is read.
    kind = r"REGEXP_REPLACE(data_type, r' ?\([^)]*\)', '')"
    leaf = "REGEXP_EXTRACT(path, r'[^.]+$')"
    converted = "FALSE"
    if policies.converts:
        converted = (
            f"((s.base = t.base OR CONCAT(s.base, ' ', t.base) IN ({_pairs(CASTS)}) "
            f"AND {within('t.lower_path', policies.cast)})\n"
            f"    AND (s.repeated = t.repeated OR {within('t.lower_path', policies.reshape)}))"
        )
    return f"""\
CREATE TEMP TABLE prints AS
SELECT table_name, MIN(table_name) OVER (PARTITION BY print) AS example
FROM (
  SELECT table_name, STRING_AGG(CONCAT(column_name, ' ', data_type), ',' ORDER BY column_name) AS print
  FROM {dataset_view(LANDING, "COLUMNS")} WHERE {buffers} GROUP BY table_name);
CREATE TEMP TABLE sides AS
WITH fields AS (
  SELECT table_name AS example, field_path AS path, {kind} AS kind
  FROM {dataset_view(LANDING, "COLUMN_FIELD_PATHS")}
  WHERE field_path != '{UNIT}' AND table_name IN (SELECT example FROM prints)
  UNION ALL
  SELECT '', field_path, {kind}
  FROM {dataset_view(str(target.parent), "COLUMN_FIELD_PATHS")}
  WHERE table_name = {quote_string(target.table)} AND NOT ({own})
)
SELECT *, LOWER(path) AS lower_path, {leaf} AS leaf, {quoted(leaf)} AS name,
  REGEXP_REPLACE(LOWER(path), r'\\.?[^.]+$', '') AS parent,
  STARTS_WITH(kind, 'ARRAY<') AS repeated, REGEXP_EXTRACT(kind, r'^(?:ARRAY<)?(STRUCT|[^>]+)') AS base
FROM fields;
CREATE TEMP TABLE differences AS
WITH schemas AS (
  SELECT s.example, MIN(m.dataset) AS dataset
  FROM {quote_name(LANDING, MANIFEST)} AS m JOIN sides AS s ON s.example = {buffer_name("m.buffer")}
  GROUP BY s.example
), pairs AS (
  SELECT IFNULL(s.example, t.against) AS example, IF(t.path IS NULL, '', IFNULL(s.example, t.against)) AS other,
    IFNULL(t.parent, s.parent) AS parent, IFNULL(t.leaf, s.leaf) AS leaf, t.path, t.kind AS target_type,
    s.kind AS data_type, {converted} AS converted, [
    CASE
      WHEN t.path IS NULL THEN 'added' WHEN s.path IS NULL THEN 'removed' WHEN t.leaf != s.leaf THEN 'case changed'
    END,
    CASE
      WHEN t.repeated != s.repeated OR (t.base = 'STRUCT') != (s.base = 'STRUCT') THEN 'kind changed'
      WHEN CONCAT(t.base, ' ', s.base) IN ({_pairs(WIDER)}) THEN 'widened'
      WHEN CONCAT(s.base, ' ', t.base) IN ({_pairs(WIDER)}) THEN 'narrowed'
      WHEN t.base != s.base THEN 'type changed'
    END] AS changes
  FROM (SELECT n.example AS against, f.* FROM schemas AS n CROSS JOIN sides AS f WHERE f.example = '') AS t
  FULL JOIN (SELECT * FROM sides WHERE example != '') AS s ON s.example = t.against AND s.lower_path = t.lower_path
)
SELECT p.example, n.dataset, IFNULL(p.path, CONCAT(IFNULL(CONCAT(o.path, '.'), ''), p.leaf)) AS path, change,
  p.data_type, p.target_type, IFNULL(p.converted, FALSE) AS converted
FROM pairs AS p CROSS JOIN UNNEST(p.changes) AS change
JOIN schemas AS n ON n.example = p.example
LEFT JOIN sides AS o ON o.example = p.other AND o.lower_path = p.parent
WHERE change IS NOT NULL AND (p.parent = '' OR o.base = 'STRUCT');
"""


def tell_differences(target: TableRef, *, state: DatasetRef, policies: Policies) -> str:
    """Statements that write ``differences`` to the ledger, and stop where they keep the source out.

    They set ``news``: the fields that the target lacks and no run has told of before.
    """
    drift = quote_table(state.table(DRIFT))
    told = f" AND NOT ({within('LOWER(path)', policies.ignore)})" if policies.ignore else ""
    kept_out = "change IN ('kind changed', 'widened', 'narrowed', 'type changed') AND NOT converted"
    if policies.leaves_out("") != "TRUE":
        kept_out += f"\n      OR change = 'added' AND NOT {policies.leaves_out('LOWER(path)')}"
    return f"""\
SET news = ARRAY(
  SELECT MIN(path) FROM differences
  WHERE change = 'added'{told} AND LOWER(path) NOT IN (
    SELECT LOWER(path) FROM {drift}
    WHERE target = {quote_string(str(target))} AND source = {source_value("name")} AND kind = 'added')
  GROUP BY LOWER(path) ORDER BY 1);
INSERT INTO {drift}
  (target, pipeline, source, dataset, path, kind, data_type, target_type, run, epoch, seen_at)
SELECT {quote_string(str(target))}, {run_value("pipeline")}, {source_value("name")}, MIN(dataset), path, change,
  data_type, target_type, {run_value("run")}, CAST({run_value("epoch")} AS INT64), CURRENT_TIMESTAMP()
FROM differences
WHERE TRUE{told}
GROUP BY path, change, data_type, target_type;
SET wrong = (
  SELECT STRING_AGG(one, '; ' ORDER BY one LIMIT 5)
  FROM (
    SELECT DISTINCT FORMAT('%s: %s is %s, in the target %s', dataset, path, LEFT(IFNULL(data_type, 'missing'), 99),
      LEFT(IFNULL(target_type, 'missing'), 99)) AS one
    FROM differences
    WHERE {kept_out}
      OR change = 'removed' AND LOWER(path) IN (
        SELECT LOWER(column_name) FROM {dataset_view(str(target.parent), "COLUMNS")}
        WHERE table_name = {quote_string(target.table)} AND is_nullable = 'NO'
          AND NOT STARTS_WITH(data_type, 'ARRAY<')))
);
IF wrong IS NOT NULL THEN
  RAISE USING MESSAGE = FORMAT("drift lets no such difference pass; 'replicator drift' says what would: %s", wrong);
END IF;
"""


def within(path: str, listed: Iterable[str]) -> str:
    """An SQL condition: the path that the SQL expression ``path`` yields is one of those listed, or below one."""
    conditions = [f"STARTS_WITH(CONCAT({path}, '.'), {quote_string(one + '.')})" for one in listed]
    return f"({' OR '.join(conditions)})" if conditions else "FALSE"


def _pairs(types: Mapping[str, frozenset[str]]) -> str:
    """Pairs of types in GoogleSQL's names, as a list of texts."""
    return ", ".join(
        f"'{Field('', one).googlesql} {Field('', other).googlesql}'" for one, others in types.items()
        for other in sorted(others)
    )  # fmt: skip


def _truth(*, holds: bool) -> str:
    return "TRUE" if holds else "FALSE"
