"""Delimited text (CSV, TSV and other separators) as columns of text, with strict rows and exact line numbers."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from seqmine.data.sources.columns import names_columns
from seqmine.data.sources.files import read_text
from seqmine.structs import UserError
from seqmine.structs.progress import Advance, progress

SEPARATORS = "\t,;|"
_BLOCK_BYTES = 1 << 24
_LONG_BYTES = 1 << 29
# a number or the beginning of a date, which names of columns are not
_VALUE = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
_TYPE_SUFFIXES = (":token", ":token_seq", ":float", ":float_seq")


class _Told(io.BytesIO):
    """Text that tells how much of it is read."""

    def __init__(self, text: bytes, advance: Advance) -> None:
        super().__init__(text)  # shares the bytes
        self.advance = advance

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        found = super().read(size)
        self.advance(len(found))
        return found


@dataclass(frozen=True)
class DelimitedText:
    """A table in text whose values are read as strings, so that ``007`` and ``7`` stay two keys.

    Args:
        path: where the text came from, for messages.
        text: UTF-8 bytes, header included where the file has one; empty when they are to be read again if asked for.
        separator: one character.
        header: names of all columns in file order.
        has_header: whether the first line holds the names.
        quoted: whether ``"`` encloses values (RFC 4180); otherwise it is a character like any other.
        list_columns: columns whose header says that they hold words separated by spaces (``genres:token_seq``).
    """

    path: Path
    text: bytes
    separator: str
    header: Sequence[str]
    has_header: bool = True
    quoted: bool = True
    list_columns: Sequence[str] = ()

    def read(self, columns: Sequence[str], integers: Collection[str] = ()) -> pl.DataFrame:
        """Return some columns as strings, rows in file order; an empty value is ``""``.

        Args:
            columns: which.
            integers: columns among them that become whole numbers if all their values are, at half of the memory.

        Raises:
            UserError: a column is not there, a row has too few or too many values, or a quote is not closed.
        """
        names = list(dict.fromkeys(columns))
        missing = [name for name in names if name not in self.header]
        if missing:
            raise UserError(
                f"{self.path} has no column {missing[0]} ({', '.join(self.header)}); give a file that has it"
            )
        try:
            table = self._parse({name: pa.int64() if name in integers else pa.large_string() for name in names})
        except pa.ArrowInvalid as error:
            if integers:
                return self.read(columns)
            raise UserError(self._explain(str(error))) from error
        if any(table.column(name).null_count for name in integers):
            return self.read(columns)
        read = []
        for name in names:  # one by one, so that no more than one column is there twice
            read.append(pl.Series(name, table.column(name)))
            table = table.drop_columns(name)
            pa.default_memory_pool().release_unused()
        return pl.DataFrame(read)

    def _parse(self, types: dict[str, pa.DataType]) -> pa.Table:
        with progress(len(self.text), f"reading {self.path.name}", _LONG_BYTES) as advance:
            return self._parsed(pa.PythonFile(_Told(self.text, advance), mode="r"), types)

    def _parsed(self, content: pa.NativeFile, types: dict[str, pa.DataType]) -> pa.Table:
        return pa_csv.read_csv(
            content,
            read_options=pa_csv.ReadOptions(
                column_names=list(self.header), skip_rows=int(self.has_header), block_size=_BLOCK_BYTES
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.separator,
                quote_char='"' if self.quoted else False,
                newlines_in_values=self.quoted and b'"' in self.text,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, include_columns=list(types), strings_can_be_null=False, check_utf8=False
            ),
        )

    def without_text(self) -> "DelimitedText":
        """Return the table without its bytes, which a large log need not hold once it is read."""
        return replace(self, text=b"")

    def line_of(self, row: int) -> int:
        """Return the line (from 1) on which a row of ``read`` (from 0) begins."""
        for number, (line, _, _) in enumerate(self._rows()):
            if number == row:
                return line
        raise IndexError(f"row {row} is not in {self.path}")

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        """Yield the first line, the last line and the number of values of each row after the header."""
        rows = csv.reader(
            io.StringIO((self.text or read_text(self.path)).decode(), newline=""),
            delimiter=self.separator,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
        )
        start = 1
        for number, row in enumerate(rows):
            if row and not (self.has_header and number == 0):
                yield start, rows.line_num, len(row)
            start = rows.line_num + 1

    def _explain(self, reason: str) -> str:
        """Say which line is broken; slow and exact, because Arrow counts rows, not lines."""
        last, width = int(self.has_header), len(self.header)
        try:
            for start, stop, found in self._rows():
                if found != width:
                    swallowed = " (a quote that opens on this line is not closed)" if stop > start else ""
                    return (
                        f"{self.path} line {start} has {found} values where the table has {width} columns{swallowed}; "
                        "mend or remove the line"
                    )
                last = stop
        except csv.Error:
            return f"{self.path} line {last + 1} has a quote that is not closed; mend or remove the line"
        return (
            f"{self.path} is not a table of {width} columns separated by {self.separator!r} ({reason}); mend the file"
        )


def open_table(
    path: Path, has_header: bool | None = True, wanted: Collection[str] = (), text: bytes | None = None
) -> DelimitedText:
    """Open a table, its columns told apart by the first separator found in its first line, or by ``::``.

    Headers with types, as RecBole writes them (``user_id:token``), are read by their names, and the quotes of such
    files are characters like any other. Columns of a file without header are called ``1``, ``2`` and so on.

    Args:
        path: the file.
        has_header: whether the first line names the columns; None decides by what stands there.
        wanted: names of columns that a header would have.
        text: its content or the beginning of that, or None to read it.

    Raises:
        UserError: the file cannot be read as text, a column name stands twice, or a file without header has one.
    """
    text = read_text(path) if text is None else text
    first = re.split(rb"[\r\n]", text, maxsplit=1)[0].decode()
    if "::" in first and "\t" not in first:
        text, first = text.replace(b"::", b"\t"), first.replace("::", "\t")
    separator = next((mark for mark in SEPARATORS if mark in first), None)
    if separator is None:
        separator = " " if wanted and set(wanted) <= set(first.split()) else ","
    typed = any(name.endswith(_TYPE_SUFFIXES) for name in first.split(separator))
    raw = first.split(separator) if typed else next(csv.reader([first], delimiter=separator))
    if has_header is None:
        has_header = typed or _is_header([name.strip() for name in raw], wanted)
    if not has_header:
        if names_columns(first):
            raise UserError(f"{path} line 1 names columns ({first.strip()}), but `header`=false; set `header`=true")
        names = [str(number) for number in range(1, len(raw) + 1)]
        return DelimitedText(path, text, separator, names, has_header=False)
    header = [name.rsplit(":", 1)[0] if name.endswith(_TYPE_SUFFIXES) else name.strip() for name in raw]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise UserError(f"{path} names the column {repeated[0]!r} twice in its header; rename one of the two")
    lists = [name for name, full in zip(header, raw, strict=True) if full.endswith("_seq") and name != full]
    return DelimitedText(path, text, separator, header, quoted=not typed, list_columns=lists)


def _is_header(cells: Sequence[str], wanted: Collection[str]) -> bool:
    """Return whether the first line of a table names its columns.

    A line with numbers or times is an event, unless it has the wanted names or numbers the columns from 0.
    """
    names = [name for name in wanted if not name.isdigit()]
    if names and set(names) <= set(cells):
        return True
    numbered = [cell for cell in cells if cell] == [str(number) for number in range(sum(map(bool, cells)))]
    return numbered or not any(_VALUE.fullmatch(cell) for cell in cells)
