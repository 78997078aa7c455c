"""Rows that arrive as CSV.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, TooManyRefusals, written
from replicator.local.bigquery.errors import refuse
from replicator.schema.fields import Field, Mode

_NAMED_DELIMITERS: Final = {"tab": "\t", "\\t": "\t"}

_RULES: Final = Rules(json_as_text=True)


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the file is written; the names are those of ``JobConfigurationLoad``."""

    delimiter: str = ","
    skip: int = 0
    null: str = ""
    quote: str = '"'
    jagged: bool = False


def read_csv(data: bytes, fields: Sequence[Field], options: CsvOptions, *, bad_records: int = 0) -> FileRows:
    """Rows of CSV.

    Raises:
        BigQueryError: 400, the table has columns that CSV cannot hold.
        Refusal: The file is no CSV.
        TooManyRefusals: More than ``bad_records`` rows do not fit.
    """
    for field in fields:
        if field.type == "RECORD" or field.mode is Mode.REPEATED:
            msg = f"Cannot load CSV data with a nested schema. Field: {field.name}"
            refuse("invalid", msg)
    delimiter = _NAMED_DELIMITERS.get(options.delimiter, options.delimiter)
    try:
        text = data.decode("utf-8-sig")
        records = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=delimiter,
            quotechar=options.quote or None,
            quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
            strict=True,
        )
        return _rows(records, fields, options, bad_records)
    except (UnicodeDecodeError, csv.Error, TypeError) as error:
        msg = f"CSV table encountered too many errors, giving up. {error}"
        raise Refusal(msg) from error


def _rows(records: Iterable[list[str]], fields: Sequence[Field], options: CsvOptions, most: int) -> FileRows:
    lines: list[str] = []
    bad: list[str] = []
    for position, record in enumerate(records, 1):
        if position <= options.skip or not record:
            continue
        try:
            lines.append(_row(record, fields, options))
        except Refusal as refusal:
            bad.append(f"{refusal} Row: {position}")
            if len(bad) > most:
                raise TooManyRefusals(len(lines) + len(bad), bad, kind="CSV") from refusal
    return FileRows(tuple(lines), tuple(bad))


def _row(record: list[str], fields: Sequence[Field], options: CsvOptions) -> str:
    if len(record) > len(fields) or (len(record) < len(fields) and not options.jagged):
        many = "many" if len(record) > len(fields) else "few"
        msg = f"Too {many} values in line: {len(record)} for {len(fields)} columns."
        raise Refusal(msg)
    values: dict[str, str | None] = {}
    for field, text in zip(fields, record, strict=False):
        # Without a null marker an empty value is NULL, but for STRING, where it is the empty string.
        absent = text == options.null and (options.null != "" or field.type != "STRING")
        values[field.name] = None if absent else text
    return written(values, fields, _RULES)
