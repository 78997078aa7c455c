"""Rows that arrive as CSV.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, TooManyRefusals, written
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.files.csv_text import Broken, Value, records
from replicator.local.bigquery.members import flag, member, number
from replicator.schema.fields import Field, Mode

_NAMED_DELIMITERS: Final = {"tab": "\t", "\\t": "\t"}
_ENCODINGS: Final = {
    "UTF-8": "utf-8", "ISO-8859-1": "latin-1", "UTF-16BE": "utf-16-be", "UTF-16LE": "utf-16-le",
    "UTF-32BE": "utf-32-be", "UTF-32LE": "utf-32-le",
}  # fmt: skip
_RULES: Final = Rules(json_as_text=True)


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the file is written; the names are those of ``JobConfigurationLoad``."""

    delimiter: str = ","
    skip: int = 0
    null: str = ""
    quote: str = '"'
    jagged: bool = False
    quoted_newlines: bool = False
    encoding: str = "utf-8"


def read_csv_options(configuration: Mapping[str, Any], kind: str) -> CsvOptions:
    """The options of a ``JobConfigurationLoad``.

    Raises:
        BigQueryError: 400, one is malformed; 501, an encoding that is not modelled.
    """
    encoding = str(member(configuration, "encoding", str) or "UTF-8")
    if encoding not in _ENCODINGS or (encoding != "UTF-8" and kind != "CSV"):
        what = f"the encoding {encoding} of {kind}"
        raise unmodelled(what)
    delimiter = str(member(configuration, "fieldDelimiter", str) or ",")
    delimiter = _NAMED_DELIMITERS.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in "\r\n":
        refuse("invalid", f"Invalid value for fieldDelimiter: {delimiter!r}", location="fieldDelimiter")
    quote = member(configuration, "quote", str)
    quote = '"' if quote is None else str(quote)
    if len(quote) > 1 or quote == delimiter or quote in ("\r", "\n"):
        refuse("invalid", f"Invalid value for quote: {quote!r}", location="quote")
    return CsvOptions(
        delimiter=delimiter,
        skip=number(configuration, "skipLeadingRows") or 0,
        null=str(member(configuration, "nullMarker", str) or ""),
        quote=quote,
        jagged=flag(configuration, "allowJaggedRows"),
        quoted_newlines=flag(configuration, "allowQuotedNewlines"),
        encoding=_ENCODINGS[encoding],
    )


def read_csv(
    data: bytes, fields: Sequence[Field], options: CsvOptions, *, bad_records: int = 0, ignore_unknown: bool = False
) -> FileRows:
    """Rows of CSV.

    Args:
        data: The file.
        fields: The columns of its values, in their order.
        options: How it is written.
        bad_records: How many rows may not fit.
        ignore_unknown: Values behind the last column are passed over.

    Raises:
        BigQueryError: 400, the table has columns that CSV cannot hold.
        TooManyRefusals: More than ``bad_records`` rows do not fit.
    """
    for field in fields:
        if field.type == "RECORD" or field.mode is Mode.REPEATED:
            msg = f"Cannot load CSV data with a nested schema. Field: {field.name}"
            refuse("invalid", msg)
    # What is no character is read as the one that stands for such (loading-data-cloud-storage-csv#encoding).
    text = data.decode(options.encoding, errors="replace").removeprefix("\ufeff")
    lines: list[str] = []
    bad: list[str] = []
    found = records(text, delimiter=options.delimiter, quote=options.quote, quoted_newlines=options.quoted_newlines)
    for position, (begin, record) in enumerate(found, 1):
        if position <= options.skip:
            continue
        try:
            lines.append(_row(record, fields, options, ignore_unknown=ignore_unknown))
        except Refusal as refusal:
            bad.append(f"{refusal} Row starting at position: {begin}. Row: {position}")
            if len(bad) > bad_records:
                raise TooManyRefusals(len(lines) + len(bad), bad, kind="CSV") from refusal
    return FileRows(tuple(lines), tuple(bad))


def _row(record: list[Value] | Broken, fields: Sequence[Field], options: CsvOptions, *, ignore_unknown: bool) -> str:
    if isinstance(record, Broken):
        raise Refusal(record.fact)
    if (len(record) > len(fields) and not ignore_unknown) or (len(record) < len(fields) and not options.jagged):
        many = "many" if len(record) > len(fields) else "few"
        msg = f"Too {many} values in line: {len(record)} for {len(fields)} columns."
        raise Refusal(msg)
    if any("\0" in value.text for value in record):
        msg = "Bad character (ASCII 0) encountered."
        raise Refusal(msg)
    given = zip(fields, record, strict=False)
    values = {field.name: None if _is_null(value, field, options) else value.text for field, value in given}
    return written(values, fields, _RULES)


def _is_null(value: Value, field: Field, options: CsvOptions) -> bool:
    """Whether a value is the null marker, which is nothing at all unless said otherwise.

    What stands in quotes is no NULL where a type has empty values: so an extract tells them apart. No page of Google's
    says so; Keboola's documentation of its data types tells it of BigQuery.
    """
    if value.text != options.null:
        return False
    return not (value.quoted and not value.text and field.type in ("STRING", "BYTES"))
