"""Google's own SQL front end and reference evaluator, as tests ask them.

``zetasql`` runs GoogleSQL as a WebAssembly module. Compiling it takes 15 s, so the compiled module is kept in
the platform's cache directory. The module is not thread-safe: one lock around every call.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from replicator.local.bigquery.types import Type, array, struct

_LOCK: Final = threading.RLock()
_NANOS: Final = 1_000
_INGESTION: Final = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE"}
"""What PARTITION BY of a CREATE TABLE may name besides columns."""
_DIGITS: Final = Context(prec=80)
_SIMPLE: Final = (
    "INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP",
    "JSON",
)  # fmt: skip


class RefusedError(Exception):
    """GoogleSQL does not accept the statement, or could not evaluate it; the text is its message."""


@dataclass(frozen=True)
class Table:
    """A table that statements may name.

    Attributes:
        name: The full path, found however its parts are quoted; a wildcard's ends in ``*`` and has ``_TABLE_SUFFIX``.
        columns: (name, type) in order.
        pseudo: Columns that ``*`` leaves out.
    """

    name: str
    columns: tuple[tuple[str, Type], ...]
    pseudo: tuple[tuple[str, Type], ...] = ()


def analyze(
    sql: str,
    *,
    tables: Sequence[Table] = (),
    parameters: Mapping[str, Type] | None = None,
    wanted: Sequence[Type] = (),
) -> list[tuple[str, Type]]:
    """The columns of a query; for any other statement an empty list.

    Args:
        sql: One statement.
        tables: What it may name.
        parameters: Types by name; of positional ones by ``"0"``, ``"1"``, …
        wanted: What the columns of a query are assigned to, if that is anything.

    Raises:
        RefusedError: GoogleSQL does not accept it.
    """
    with _LOCK:
        front = _front()
        options = front.options(parameters or {}, wanted)
        request = front.types.AnalyzeRequest(sql_statement=sql, options=options).to_proto()
        if tables:
            request.simple_catalog.CopyFrom(front.catalog(sql, tables))
        else:
            request.registered_catalog_id = front.bare
        try:
            given = front.service.wasm_client.call_grpc_func(
                "ZetaSqlLocalService_Analyze", request, front.messages.AnalyzeResponse
            )
        except front.refusal as error:
            raise RefusedError(str(error)) from error
        query = given.resolved_statement.resolved_query_stmt_node
        return [(column.name, _type(column.column.type)) for column in query.output_column_list]


def evaluate(sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query over no tables, as plain Python values; see ``answer``."""
    return answer(sql)[1]


def shown(value: Any, kind: Type) -> Any:
    """A value as BigQuery shows and keeps it: an array that is NULL is an empty one, at every depth."""
    if kind.element is not None:
        return [] if value is None else [shown(one, kind.element) for one in value]
    if kind.name == "STRUCT" and value is not None:
        return tuple(shown(one, child) for one, (_, child) in zip(value, kind.fields, strict=True))
    return value


def answer(sql: str) -> tuple[list[Type], list[tuple[Any, ...]]]:
    """The types and the rows of a query over no tables.

    A struct is a tuple, an array a list, DATE a ``date``, TIMESTAMP an aware ``datetime``, JSON its text.

    Raises:
        RefusedError: GoogleSQL does not accept it, or evaluating it fails.
    """
    with _LOCK:
        front = _front()
        request = front.types.EvaluateQueryRequest(sql=sql, options=front.options({}), registered_catalog_id=front.bare)
        try:
            # The protobuf answer itself: the wrapper around it loses timestamps.
            given = front.service.wasm_client.call_grpc_func(
                "ZetaSqlLocalService_EvaluateQuery", request.to_proto(), front.messages.EvaluateQueryResponse
            )
        except front.refusal as error:
            raise RefusedError(str(error)) from error
        except UnicodeDecodeError as error:
            # A message that quotes a text is cut after so many bytes, within a character if need be.
            raise RefusedError(error.object.decode(errors="replace")) from error
        kinds = [_type(column.type) for column in given.prepared.columns]
        rows = given.content.table_data.row
        return kinds, [tuple(_value(cell, kind) for cell, kind in zip(row.cell, kinds, strict=True)) for row in rows]


def parse(script: str) -> None:
    """Read a script, statement by statement, without looking any name up.

    Raises:
        RefusedError: It is no GoogleSQL.
    """
    with _LOCK:
        front = _front()
        try:
            front.service.parse(sql_statement=script, options=front.language, allow_script=True)
        except front.refusal as error:
            raise RefusedError(str(error)) from error


def builtin_functions() -> Sequence[Any]:
    """Every function and operator that the analyzer knows, as its messages describe them."""
    with _LOCK:
        front = _front()
        options = front.types.ZetaSQLBuiltinFunctionOptions(language_options=front.language).to_proto()
        given = front.service.wasm_client.call_grpc_func(
            "ZetaSqlLocalService_GetBuiltinFunctions", options, front.messages.GetBuiltinFunctionsResponse
        )
    return list(given.function)


class _Front:
    def __init__(self) -> None:
        import zetasql.core.wasm_client as client

        client.Module = _CachedModule
        client.WasmClient.write_bytes = _write_bytes
        client.WasmClient.read_bytes = _read_bytes
        from zetasql import types
        from zetasql.api.type_factory import TypeFactory
        from zetasql.core.exceptions import ZetaSQLError
        from zetasql.core.local_service import ZetaSqlLocalService
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

        self.types = types
        self.messages = local_service_pb2
        self.factory = TypeFactory
        self.refusal = ZetaSQLError
        self.service = ZetaSqlLocalService.get_instance()
        language = types.LanguageOptions.maximum_features()
        language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
        language.supported_statement_kinds = []
        language.reserved_keywords = ["QUALIFY"]
        for feature in ("FEATURE_CREATE_TABLE_CLONE", "FEATURE_ALTER_COLUMN_SET_DATA_TYPE"):
            language.enabled_language_features.append(getattr(types.LanguageFeature, feature))
        self.language = language
        functions = types.ZetaSQLBuiltinFunctionOptions(language_options=language)
        empty = types.SimpleCatalog(name="bq", builtin_function_options=functions)
        self.bare = self.service.register_catalog(simple_catalog=empty).registered_id
        self.empty = empty.to_proto()
        self.known: dict[Table, Any] = {}
        self.kinds = {
            name: getattr(types.TypeKind, f"TYPE_{'DOUBLE' if name == 'FLOAT64' else name}") for name in _SIMPLE
        }

    def type(self, kind: Type) -> Any:
        if kind.element is not None:
            return self.factory.create_array_type(self.type(kind.element))
        if kind.name == "STRUCT":
            return self.factory.create_struct_type([(name, self.type(child)) for name, child in kind.fields])
        return self.factory.create_simple_type(self.kinds[kind.name])

    def table(self, table: Table) -> Any:
        """The table as a message; kept, for making one of a wide schema takes many times what analyzing it does."""
        if table not in self.known:
            columns = [
                self.types.SimpleColumn(
                    name=name, type=self.type(kind), is_pseudo_column=pseudo, is_writable_column=not pseudo
                )
                for pairs, pseudo in ((table.columns, False), (table.pseudo, True))
                for name, kind in pairs
            ]
            self.known[table] = self.types.SimpleTable(full_name=table.name, column=columns).to_proto()
        return self.known[table]

    def catalog(self, sql: str, tables: Sequence[Table]) -> Any:
        """The tables under the ways in which the statement may cut their paths: `p.d.t`, `p.d`.t, p.`d.t`, p.d.t."""
        top = type(self.empty)()
        top.CopyFrom(self.empty)
        for table in tables:
            for *path, name in _cuts(table.name, sql):
                folder = top
                for part in path:
                    made = next((one for one in folder.catalog if one.name == part), None)
                    folder = folder.catalog.add(name=part) if made is None else made
                folder.table.add().CopyFrom(self.table(table))
                folder.table[-1].name = name
        return top

    def options(self, parameters: Mapping[str, Type], wanted: Sequence[Type] = ()) -> Any:
        types = self.types
        options = types.AnalyzerOptions(
            language_options=self.language,
            default_timezone="UTC",
            target_column_types=[self.type(kind) for kind in wanted],
            ddl_pseudo_columns=[
                types.AnalyzerOptions.QueryParameter(name=name, type=self.type(Type(kind)))
                for name, kind in _INGESTION.items()
            ],
        )
        if "0" in parameters:
            options.parameter_mode = types.ParameterMode.PARAMETER_POSITIONAL
            options.positional_query_parameters = [self.type(kind) for kind in parameters.values()]
        else:
            options.query_parameters = [
                types.AnalyzerOptions.QueryParameter(name=name, type=self.type(kind))
                for name, kind in parameters.items()
            ]
        return options


def _cuts(name: str, sql: str) -> list[list[str]]:
    """The ways to cut a path into parts, of which those with a dot stand in backquotes in the statement."""
    return [cut for cut in _all_cuts(name) if all("." not in part or f"`{part}`" in sql for part in cut)]


def _all_cuts(name: str) -> list[list[str]]:
    head, dot, rest = name.partition(".")
    if not dot:
        return [[head]]
    return [path for first, *more in _all_cuts(rest) for path in ([f"{head}.{first}", *more], [head, first, *more])]


@cache
def _front() -> _Front:
    return _Front()


class _CachedModule:
    """Stands where ``wasmtime.Module`` did, and compiles once per machine."""

    @staticmethod
    def from_file(engine: Any, path: str) -> Any:
        import wasmtime

        digest = hashlib.sha256(Path(path).read_bytes() + version("wasmtime").encode()).hexdigest()[:16]
        kept = _cache_directory() / f"googlesql-{digest}.bin"
        if kept.exists():
            return wasmtime.Module.deserialize_file(engine, str(kept))
        module = wasmtime.Module.from_file(engine, path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            file.write(module.serialize())
        Path(file.name).replace(kept)
        return module


def _cache_directory() -> Path:
    if sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        root = Path(os.environ["LOCALAPPDATA"])
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "replicator-tests"


def _address(client: Any) -> int:
    return ctypes.addressof(client.memory.data_ptr().contents)


# The client's own two copy byte by byte in Python, which takes seconds for a large schema.
def _write_bytes(client: Any, pointer: int, data: bytes) -> None:
    ctypes.memmove(_address(client) + pointer, data, len(data))


def _read_bytes(client: Any, pointer: int, size: int) -> bytes:
    return ctypes.string_at(_address(client) + pointer, size)


def _type(proto: Any) -> Type:
    front = _front()
    if proto.type_kind == front.types.TypeKind.TYPE_ARRAY:
        return array(_type(proto.array_type.element_type))
    if proto.type_kind == front.types.TypeKind.TYPE_STRUCT:
        return struct(*((field.field_name or "", _type(field.field_type)) for field in proto.struct_type.field))
    for name, kind in front.kinds.items():
        if proto.type_kind == kind:
            return Type(name)
    return Type(front.types.TypeKind(proto.type_kind).name.removeprefix("TYPE_"))


def _value(proto: Any, kind: Type) -> Any:
    which = proto.WhichOneof("value")
    if which is None:
        return None
    value = getattr(proto, which)
    if kind.element is not None:
        return [_value(element, kind.element) for element in value.element]
    match kind.name:
        case "STRUCT":
            return tuple(_value(cell, child) for cell, (_, child) in zip(value.field, kind.fields, strict=True))
        case "DATE":
            return date(1970, 1, 1) + timedelta(days=value)
        case "TIMESTAMP":
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                seconds=value.seconds, microseconds=value.nanos // _NANOS
            )
        case "DATETIME":
            return _datetime(value.bit_field_datetime_seconds, value.nanos // _NANOS)
        case "TIME":
            return _time(value >> 30, (value & (1 << 30) - 1) // _NANOS)
        case "NUMERIC":
            return Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-9, context=_DIGITS)
        case "BIGNUMERIC":
            return Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-38, context=_DIGITS)
        case _:
            return value


# Packed fields of civil times: year, month (4 bits), day (5), hour (5), minute (6), second (6).
def _datetime(packed: int, microsecond: int) -> datetime:
    moment = _time(packed & (1 << 17) - 1, microsecond)
    packed >>= 17
    return datetime.combine(date(packed >> 9, packed >> 5 & 15, packed & 31), moment)


def _time(packed: int, microsecond: int) -> time:
    return time(packed >> 12, packed >> 6 & 63, packed & 63, microsecond)
