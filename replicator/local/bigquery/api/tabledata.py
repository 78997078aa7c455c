"""Rows of tables over HTTP.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tabledata
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import duckdb

from replicator.local.bigquery.api.http import Answer, Call, Json, page_start, page_token
from replicator.local.bigquery.api.insert_ids import InsertIds, Row
from replicator.local.bigquery.api.json_rows import Refusal, Rules, stage, written
from replicator.local.bigquery.api.knobs import Knobs
from replicator.local.bigquery.api.pages import page
from replicator.local.bigquery.api.tables import table_of
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.catalog import Relation
from replicator.local.bigquery.members import flag, member
from replicator.local.bigquery.storage.definitions import Kind
from replicator.local.bigquery.storage.rows import rest_row
from replicator.local.bigquery.storage.store import Store
from replicator.local.bigquery.types import duckdb_name, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field

Lines: TypeAlias = list[str]
# https://docs.cloud.google.com/bigquery/quotas#streaming_inserts: rows per request.
_MOST_ROWS: Final = 50_000


class TableData:
    """tabledata.* over a store."""

    def __init__(self, store: Store, now: Callable[[], datetime], knobs: Knobs) -> None:
        self._store = store
        self._now = now
        self._knobs = knobs
        self._remembered = InsertIds(now)

    def list(self, call: Call) -> Answer:
        """tabledata.list."""
        ref = table_of(call)
        name, _, partition = ref.table.partition("$")
        start = page_start(call)
        with self._store.statement() as transaction:
            table = transaction.table(ref.parent.table(name))
            if table.definition.kind.has_query:
                msg = f"Cannot list a table of type {table.definition.kind.value}."
                refuse("invalid", msg)
            fields = _selected(table.definition.fields, call.query.get("selectedFields"))
            relation = transaction.catalog(location=None).table_relation(table.ref, partition=partition or None)
            lines, total = self._lines(relation, fields, start, call)
        rows, following = page(lines, 0, None)
        following = None if following is None and start + len(rows) >= total else start + len(rows)
        body: Json = {"kind": "bigquery#tableDataList", "etag": table.etag, "totalRows": str(total), "rows": rows}
        if following is not None:
            body["pageToken"] = page_token(following)
        return Answer(body)

    def _lines(self, relation: Relation, fields: Sequence[Field], start: int, call: Call) -> tuple[Lines, int]:
        largest = min(call.integer("maxResults", 10_000), 100_000)
        connection = self._store.connect()
        try:
            scan = relation.scan(columns=frozenset(field.name for field in fields), prune=())
            total = connection.execute(f"SELECT count(*) FROM {scan}").fetchone()
            names = ", ".join(duckdb_name(field.name) for field in fields)
            columns = [(field.name, type_of(field)) for field in fields]
            found = connection.execute(
                f"SELECT {rest_row(columns)} FROM (SELECT {names} FROM {scan} LIMIT {largest} OFFSET {start})"
            ).fetchall()
        finally:
            connection.close()
        return [str(line) for (line,) in found], int(total[0]) if total else 0

    def insert_all(self, call: Call) -> Answer:
        """tabledata.insertAll: queries see the rows when it has answered, copies once they have left the buffer."""
        ref = table_of(call)
        body = call.json()
        if member(body, "templateSuffix", str):
            what = "insertAll with a templateSuffix"
            raise unmodelled(what)
        name, _, partition = ref.table.partition("$")
        target = ref.parent.table(name)
        rows = member(body, "rows", list) or []
        if not rows:
            refuse("invalid", "No rows present in the request.")
        if len(rows) > _MOST_ROWS:
            refuse("invalid", f"Too many rows present in the request, limit: {_MOST_ROWS}.")
        with self._store.statement() as transaction:
            table = transaction.table(target)
            if table.definition.kind is not Kind.TABLE:
                refuse("invalid", f"Cannot add rows to a table of type {table.definition.kind.value}.")
            checked, errors = _checked(rows, table.definition.fields, body)
        if errors and not flag(body, "skipInvalidRows"):
            stopped = {"reason": "stopped", "location": "", "debugInfo": "", "message": ""}
            bad = {entry["index"] for entry in errors}
            errors += [{"index": i, "errors": [stopped]} for i in range(len(rows)) if i not in bad]
            checked = []
        with self._remembered.new(table.id, checked) as lines:
            if lines:
                self._append(target, lines, table.definition.fields, partition or None)
        answer: Json = {"kind": "bigquery#tableDataInsertAllResponse"}
        if errors:
            answer["insertErrors"] = sorted(errors, key=lambda entry: int(entry["index"]))
        return Answer(answer)

    def _append(self, target: TableRef, lines: Sequence[str], fields: Sequence[Field], partition: str | None) -> None:
        connection: duckdb.DuckDBPyConnection = self._store.connect()
        held = self._knobs.streaming_buffer_seconds
        until = self._now() + timedelta(seconds=held) if held > 0 else None
        try:
            with self._store.statement() as transaction:
                select = stage(connection, lines, fields, "streamed")
                transaction.append(target, select, connection, partition=partition, streamed_until=until)
                transaction.commit()
        finally:
            connection.close()


def _checked(rows: Sequence[Any], fields: Sequence[Field], body: Json) -> tuple[list[Row], list[Json]]:
    checked: list[Row] = []
    errors: list[Json] = []
    rules = Rules(ignore_unknown=flag(body, "ignoreUnknownValues"), json_as_text=True)
    for index, row in enumerate(rows):
        values = row.get("json") if isinstance(row, dict) else None
        try:
            if not isinstance(values, dict):
                msg = "rows[].json: an object is expected"
                raise Refusal(msg)  # noqa: TRY301 - refused like every other row that does not fit
            checked.append((str(row.get("insertId") or ""), written(values, fields, rules)))
        except Refusal as refusal:
            entry = {"reason": "invalid", "location": refusal.path, "debugInfo": "", "message": str(refusal)}
            errors.append({"index": index, "errors": [entry]})
    return checked, errors


def _selected(fields: Sequence[Field], selected: str | None) -> tuple[Field, ...]:
    if not selected:
        return tuple(fields)
    names = [name.strip().lower() for name in selected.split(",")]
    if any("." in name for name in names):
        what = "selectedFields below a column"
        raise unmodelled(what)
    known = {field.name.lower() for field in fields}
    for name in names:
        if name not in known:
            refuse("invalid", f"Invalid selected fields: no such field: {name}", location="selectedFields")
    return tuple(field for field in fields if field.name.lower() in names)
