"""Tables as CSV files that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# What begins a formula in a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know UTF-8

Value = str | int | float | None


class CsvError(ValueError):
    """A file is no CSV table as expected; said in Chinese / English."""


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """Return a table as CSV (RFC 4180, UTF-8): words that would be a formula get an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(one) for one in heads])
    for row in rows:
        writer.writerow([_safe(one) for one in row])
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def csv_rows(data: bytes, columns: int, *, most: int = 10_000) -> list[tuple[str, ...]]:
    """Return the rows of a CSV file below its heading, trimmed; empty lines left out.

    Raises CsvError for what is not UTF-8 or GB 18030, has other columns, or too many rows.
    """
    text = csv_text(data)
    try:
        read = [tuple(one.strip() for one in row) for row in csv.reader(io.StringIO(text))]
    except csv.Error as error:
        raise CsvError("文件不是 CSV / this is no CSV file") from error
    rows = [row for row in read[1:] if any(row)]
    if len(rows) > most:
        raise CsvError(f"最多 {most} 行 / {most} rows at most")
    for number, row in enumerate(rows, 2):
        if len(row) != columns:
            raise CsvError(f"第 {number} 行应有 {columns} 列 / line {number}: {columns} columns")
    return [tuple(_plain(one) for one in row) for row in rows]


def csv_text(data: bytes) -> str:
    """Return the text of a CSV file. Raises CsvError for what is neither UTF-8 nor GB 18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CsvError("请用 UTF-8 或 GB 18030 保存 / save the file as UTF-8 or GB 18030")


def _safe(value: Value) -> str:
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    """Take the apostrophe of `_safe` off again."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
