"""Random queries of GoogleSQL over two small tables, with clauses drawn at random.

What a query yields is one multiset of rows: frames and LIMIT stand behind an ORDER BY over every column there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

DEEPEST: Final = 3
TABLES: Final = (
    "t AS (SELECT 1 AS id, 1 AS a, 'x' AS s, 10 AS v, [1, 2] AS l UNION ALL SELECT 2, 1, 'y', NULL, [] UNION ALL "
    "SELECT 3, 2, 'x', 30, [5] UNION ALL SELECT 4, NULL, NULL, 5, [2, 2] UNION ALL SELECT 5, 2, 'z', 10, [7]), "
    "u AS (SELECT 1 AS id, 1 AS a, 'x' AS s, 100 AS w UNION ALL SELECT 2, 2, 'q', 200 UNION ALL "
    "SELECT 3, NULL, 'y', NULL UNION ALL SELECT 4, 2, NULL, 7)"
)
Columns: TypeAlias = list[tuple[str, str]]
_T: Final[Columns] = [("id", "INT64"), ("a", "INT64"), ("s", "STRING"), ("v", "INT64")]
_U: Final[Columns] = [("id", "INT64"), ("a", "INT64"), ("s", "STRING"), ("w", "INT64")]
_LITERALS: Final = {
    "INT64": ("0", "1", "2", "10", "-3", "CAST(NULL AS INT64)"),
    "STRING": ("'x'", "'y'", "''", "CAST(NULL AS STRING)"),
}


@dataclass(frozen=True)
class Query:
    """A query without WITH around it.

    Attributes:
        text: The query.
        columns: Names and types of what it yields.
    """

    text: str
    columns: Columns


def query(random: Random, depth: int) -> str:
    """A statement whose parts are nested to ``depth``, 1 to ``DEEPEST``."""
    maker = _Maker(random)
    made = maker.query(depth)
    return f"WITH {'RECURSIVE ' if maker.recursive else ''}{', '.join([TABLES, *maker.recursive])} {made.text}"


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0
        self.recursive: list[str] = []

    def name(self, letter: str) -> str:
        """A name that nothing else has."""
        self.count += 1
        return f"{letter}{self.count}"

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def query(self, depth: int) -> Query:
        kind = self.random.random()
        if depth > 1 and kind < 0.15:
            return self._set_operation(depth)
        if depth > 1 and kind < 0.25:
            return self._by_name(depth)
        return self._grouped(depth) if kind < 0.6 else self._plain(depth)

    # FROM ------------------------------------------------------------------------------------------------------
    def _item(self, depth: int) -> tuple[str, Columns]:
        """A FROM item with an alias, and its columns with the alias before them."""
        alias = self.name("f")
        kind = self.random.random()
        if depth > 1 and kind < 0.25:
            inner = self.query(depth - 1)
            return f"({inner.text}) AS {alias}", _behind(alias, inner.columns)
        if kind < 0.35:
            source = f"(SELECT a, s, {self.pick('v', 'id')} AS z FROM t)"
            call, second = self.pick("SUM", "COUNT", "MIN", "MAX"), self.pick("'y'", "NULL")
            titles = [("a", "INT64"), ("p_x", "INT64"), ("p_y", "INT64")]
            text = f"{source} PIVOT({call}(z) AS p FOR s IN ('x' AS x, {second} AS y)) AS {alias}"
            return text, _behind(alias, titles)
        if kind < 0.45:
            nulls = self.pick("", "INCLUDE NULLS ", "EXCLUDE NULLS ")
            columns = [("id", "INT64"), ("s", "STRING"), ("n", "INT64"), ("k", "STRING")]
            source = "(SELECT id, s, a, v FROM t)"
            return f"{source} UNPIVOT {nulls}(n FOR k IN (a, v AS 'vv')) AS {alias}", _behind(alias, columns)
        if kind < 0.52:
            return self._recursive_item(alias)
        return (f"t AS {alias}", _behind(alias, _T)) if kind < 0.8 else (f"u AS {alias}", _behind(alias, _U))

    def _recursive_item(self, alias: str) -> tuple[str, Columns]:
        name = self.name("r")
        word = self.pick("ALL", "DISTINCT")
        step = self.pick("n + 1", "n * 2 + 1", "MOD(n + 3, 7)" if word == "DISTINCT" else "n + 3")
        source = self.pick(name, f"(SELECT n, m FROM {name})", f"{name} JOIN u ON u.id = {name}.m")
        base = self.pick("SELECT a AS n, id AS m FROM t", "SELECT 1 AS n, 1 AS m")
        self.recursive.append(f"{name} AS ({base} UNION {word} SELECT {step}, m FROM {source} WHERE n < 9)")
        return f"{name} AS {alias}", _behind(alias, [("n", "INT64"), ("m", "INT64")])

    def _from(self, depth: int) -> tuple[str, Columns]:
        text, columns = self._item(depth)
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            if self.random.random() < 0.2:
                alias, array = self.name("e"), self.pick("[1, 2, 2]", "[0]", "CAST([] AS ARRAY<INT64>)")
                join = self.pick(",", "CROSS JOIN", "LEFT JOIN")
                text += f" {join} UNNEST({array}) AS {alias}"
                columns = [*columns, (alias, "INT64")]
                continue
            item, more = self._item(1)
            side = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")
            on = ""
            if side != "CROSS JOIN":
                kind = self.random.choice([kind for _, kind in more])
                left, right = self._of(columns, kind), self._of(more, kind)
                on = f" ON {left} = {right}"
            columns = [*columns, *more]
            text += f" {side} {item}{on}"
        return text, columns

    # Expressions -----------------------------------------------------------------------------------------------
    def _of(self, columns: Columns, kind: str) -> str:
        found = [name for name, other in columns if other == kind]
        return self.random.choice(found) if found else self.pick(*_LITERALS[kind])

    def _value(self, columns: Columns, kind: str, depth: int = 1) -> str:
        choice = self.random.random()
        if depth == 0 or choice < 0.5:
            return self._of(columns, kind)
        if choice < 0.6:
            return self.pick(*_LITERALS[kind])
        inner = [self._value(columns, kind, depth - 1) for _ in range(2)]
        if choice < 0.7:
            return f"IF({self._test(columns, 0)}, {inner[0]}, {inner[1]})"
        if choice < 0.8:
            return f"COALESCE({inner[0]}, {inner[1]})"
        if kind == "STRING":
            return f"CONCAT({inner[0]}, {inner[1]})"
        if choice < 0.9:
            return f"({inner[0]} + {inner[1]})"
        alias = self.name("c")
        return f"(SELECT COUNT(*) FROM u AS {alias} WHERE {alias}.a = {self._of(columns, 'INT64')})"

    def _test(self, columns: Columns, depth: int = 1) -> str:
        choice = self.random.random()
        kind = self.pick("INT64", "STRING")
        left, right = self._value(columns, kind, depth), self._value(columns, kind, 0)
        if choice < 0.1:
            return f"{left} IS {self.pick('', 'NOT ')}NULL"
        if choice < 0.2:
            alias = self.name("c")
            return f"EXISTS(SELECT 1 FROM t AS {alias} WHERE {alias}.v > {self._of(columns, 'INT64')})"
        if choice < 0.3:
            return f"{self._of(columns, 'INT64')} {self.pick('', 'NOT ')}IN (SELECT a FROM u WHERE a IS NOT NULL)"
        if choice < 0.4:
            like = f"{self.pick('', 'NOT ')}LIKE {self.pick('ANY', 'ALL')}"
            return f"{self._value(columns, 'STRING', 0)} {like} ('x%', '_')"
        if choice < 0.5:
            return f"({self._test(columns, 0)} {self.pick('AND', 'OR')} {self._test(columns, 0)})"
        return f"{left} {self.pick('=', '<', '>=', '!=', 'IS DISTINCT FROM')} {right}"

    # SELECT ----------------------------------------------------------------------------------------------------
    def _plain(self, depth: int) -> Query:
        source, columns = self._from(depth)
        kinds = [self.pick("INT64", "INT64", "STRING") for _ in range(self.random.randint(1, 3))]
        items = [self._value(columns, kind) for kind in kinds]
        whole = f"ORDER BY {', '.join(name for name, _ in columns)}"
        if self.random.random() < 0.3:
            kinds.append("INT64")
            items.append(self._window(columns, whole))
        names = self._names(len(items))
        listed = ", ".join(f"{item} AS {name}" for item, name in zip(items, names, strict=True))
        where = f" WHERE {self._test(columns)}" if self.random.random() < 0.4 else ""
        qualify = ""
        if self.random.random() < 0.15:
            qualify = f" QUALIFY {self._window(columns, whole)} > {self.random.randint(0, 3)}"
            where = where or " WHERE TRUE"
        distinct = "DISTINCT " if self.random.random() < 0.15 else ""
        text = f"SELECT {distinct}{listed} FROM {source}{where}{qualify}{self._limit(names)}"
        return Query(text, list(zip(names, kinds, strict=True)))

    def _window(self, columns: Columns, whole: str) -> str:
        value, part = self._of(columns, "INT64"), self._value(columns, self.pick("INT64", "STRING"))
        order = whole.replace(",", f" {self.pick('ASC', 'DESC')},", 1)
        partition = f"PARTITION BY {part} " if self.random.random() < 0.5 else ""
        frame = self.pick(
            "",
            " ROWS 1 PRECEDING",
            " ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING",
            " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
        )
        if self.random.random() < 0.3:
            bounds = ("1 PRECEDING AND 1 FOLLOWING", "CURRENT ROW AND 10 FOLLOWING", "2 PRECEDING AND CURRENT ROW")
            bound = self.pick(*bounds)
            return f"COUNT(*) OVER ({partition}ORDER BY {value} {self.pick('ASC', 'DESC')} RANGE BETWEEN {bound})"
        if self.random.random() < 0.4:
            return f"{self.pick('ROW_NUMBER', 'RANK', 'DENSE_RANK')}() OVER ({partition}{order})"
        return f"{self.pick('SUM', 'COUNT', 'MIN', 'MAX', 'FIRST_VALUE')}({value}) OVER ({partition}{order}{frame})"

    def _grouped(self, depth: int) -> Query:
        source, columns = self._from(depth)
        keys = [name for name, _ in self.random.sample(columns, min(len(columns), self.random.randint(0, 3)))]
        kinds = dict(columns)
        calls = ("SUM({i})", "COUNT({i})", "COUNT(*)", "MIN({s})", "MAX({i})", "COUNT(DISTINCT {s})", "COUNTIF({b})")
        call = self.pick(*calls)
        filled = {"i": self._value(columns, "INT64"), "s": self._of(columns, "STRING"), "b": self._test(columns)}
        names = self._names(len(keys) + 2)
        shown = [kinds[key] for key in keys]
        items = [*keys, call.format(**filled), "COUNT(*)"]
        types = [*shown, "STRING" if call.startswith("MIN") else "INT64", "INT64"]
        clause, absent = self._grouping(keys)
        if absent:
            items[-1] = absent
        having = " HAVING COUNT(*) > 1" if self.random.random() < 0.2 else ""
        where = f" WHERE {self._test(columns)}" if self.random.random() < 0.3 else ""
        listed = ", ".join(f"{item} AS {name}" for item, name in zip(items, names, strict=True))
        text = f"SELECT {listed} FROM {source}{where}{clause}{having}{self._limit(names)}"
        return Query(text, list(zip(names, types, strict=True)))

    def _grouping(self, keys: Sequence[str]) -> tuple[str, str]:
        if not keys:
            return "", ""
        listed = ", ".join(keys)
        kind = self.random.random()
        if kind < 0.4:
            return f" GROUP BY {listed}", ""
        if kind < 0.5:
            return " GROUP BY ALL", ""
        if len({key.rpartition(".")[2] for key in keys}) < len(keys):
            # GoogleSQL's evaluator takes the keys x.m and y.m of grouping sets for one; BigQuery's columns are two.
            return f" GROUP BY {listed}", ""
        absent = f"GROUPING({self.random.choice(keys)})" if self.random.random() < 0.5 else ""
        if kind < 0.8:
            return f" GROUP BY {self.pick('ROLLUP', 'CUBE')}({listed})", absent
        return f" GROUP BY GROUPING SETS(({listed}), {keys[0]}, {self.pick('()', f'ROLLUP({listed})')})", absent

    def _names(self, count: int) -> list[str]:
        return [self.name("o") for _ in range(count)]

    def _limit(self, names: Sequence[str]) -> str:
        if self.random.random() > 0.2:
            return ""
        ways = ("", " DESC", " NULLS LAST", " DESC NULLS FIRST")
        order = ", ".join(f"{name}{self.random.choice(ways)}" for name in names)
        return f" ORDER BY {order} LIMIT {self.random.randint(0, 6)}{self.pick('', ' OFFSET 1')}"

    # Set operations --------------------------------------------------------------------------------------------
    def _set_operation(self, depth: int) -> Query:
        first = self.query(depth - 1)
        word = self.pick("UNION ALL", "UNION DISTINCT", "INTERSECT DISTINCT", "EXCEPT DISTINCT")
        others = []
        for _ in range(self.random.randint(1, 2)):
            source, columns = self._from(depth - 1)
            items = ", ".join(self._value(columns, kind) for _, kind in first.columns)
            others.append(f"(SELECT {items} FROM {source})")
        return Query(f" {word} ".join([f"({first.text})", *others]), first.columns)

    def _by_name(self, depth: int) -> Query:
        mode = self.pick("", "INNER ", "LEFT ", "FULL ")
        word = self.pick("UNION ALL", "UNION DISTINCT", "EXCEPT DISTINCT")
        first, second = [("p", "INT64"), ("q", "STRING")], [("q", "STRING"), ("p", "INT64")]
        if mode:
            second = [("q", "STRING"), ("z", "INT64")]
        texts = []
        for columns in (first, second):
            source, offered = self._from(depth - 1)
            items = ", ".join(f"{self._value(offered, kind)} AS {name}" for name, kind in columns)
            texts.append(f"(SELECT {items} FROM {source})")
        shown = {"": first, "INNER ": [("q", "STRING")], "LEFT ": first, "FULL ": [*first, ("z", "INT64")]}[mode]
        return Query(f"{texts[0]} {mode}{word} BY NAME {texts[1]}", shown)


def _behind(alias: str, columns: Columns) -> Columns:
    return [(f"{alias}.{name}", kind) for name, kind in columns]
