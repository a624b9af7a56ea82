"""Text files of sequences: one user per line, one event per line, or only items."""

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from seqmine.data.sources.columns import names_columns
from seqmine.data.sources.files import PARQUET_MAGIC, begins_with, fingerprint_files, read_text, require_file
from seqmine.data.sources.item_table import read_item_table
from seqmine.data.sources.spmf import is_spmf, read_spmf, without_comments
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.places import told

Layout = Literal["auto", "user_per_line", "event_per_line", "items_per_line", "spmf"]

_log = logging.getLogger(__name__)
# Line feed is handled apart: it ends a line as well as a token.
_HEADER_BYTES = 1 << 16
_LOOKED_AT = 1000  # words that tell whether all are lists
_LIST = r"[^,;|][,;|]"
_BLANKS_TO_SPACE = bytes.maketrans(b"\t\r\v\f", b"    ")


@dataclass(frozen=True)
class Tokens:
    """Words of a text and the line (from 0) each stands on."""

    words: pl.Series
    lines: NDArray[np.int64]


@bounded
class SequenceFile:
    """Reads a text file, plain or gzip, whose events stand in order and carry no time.

    Args:
        path: the file.
        layout: ``user_per_line`` (``user item item ...``), ``event_per_line`` (``user item``), ``items_per_line``
            (``item item ...``; the user is named by the number of the line, from 1), ``spmf`` (see ``read_spmf``), or
            ``auto``, which takes ``spmf`` when the file ends with -2, ``event_per_line`` when every line has two words
            and ``user_per_line`` otherwise, and logs which; it refuses lines that seem to hold items alone.
        items_path: a table of item attributes (see ``read_item_table``), or None.
        items_key: the column of item keys in that table.

    Words are set apart by spaces or tabs and taken as they are. Lines without words are skipped; a user without items
    is skipped and counted in the log.

    Raises:
        UserError: the layout is unknown.
    """

    def __init__(
        self, *, path: str, layout: Layout = "auto", items_path: str | None = None, items_key: str = "item_id"
    ) -> None:
        self.path = path
        self.layout = layout
        self.items_path, self.items_key = items_path, items_key

    def read(self) -> pl.DataFrame:
        """Return ``user_id`` and ``item_id`` of each event in file order.

        Raises:
            UserError: the file cannot be read, or a line does not fit the layout.
        """
        path = require_file(self.path)
        if begins_with(path, PARQUET_MAGIC):
            raise UserError(f"{path} is a Parquet table; set data=interactions")
        text = read_text(path)
        first = text[:_HEADER_BYTES].partition(b"\n")[0].decode(errors="replace")
        if names_columns(first) or first.startswith('{"'):
            what = "is JSON" if first.startswith("{") else "line 1 names the columns of a table"
            raise UserError(f"{path} {what}; set data=interactions")
        sequences, names = without_comments(text)
        tokens = tokenize(sequences)
        if self.layout == "spmf" or (self.layout == "auto" and is_spmf(tokens.words)):
            _log.info("%s is read with %s=spmf", path, told("`layout`"))
            return read_spmf(tokens.words, tokens.lines, names, self.path)
        tokens = tokens if sequences is text else tokenize(text)
        layout = choose_layout(tokens) if self.layout == "auto" else self.layout
        if self.layout == "auto":
            _refuse_items_alone(tokens, layout, self.path)
            _refuse_lists_in_words(tokens, self.path)
            _log.info("%s is read with %s=%s", path, told("`layout`"), layout)
        if layout == "items_per_line":
            return pl.DataFrame({"user_id": pl.Series(tokens.lines + 1).cast(pl.String), "item_id": tokens.words})
        if layout == "event_per_line":
            _require_two_words(tokens, self.path)
        return _first_word_is_user(tokens, self.path)

    def item_features(self) -> pl.DataFrame | None:
        """Return the item attributes, or None without ``items_path``."""
        return None if self.items_path is None else read_item_table(self.items_path, self.items_key)

    def fingerprint(self) -> str:
        """Return a hash of the content of the files and the layout."""
        paths = [require_file(self.path)]
        if self.items_path is not None:
            paths.append(require_file(self.items_path, "items_path"))
        ways = {"layout": self.layout, "items_key": self.items_key}
        return fingerprint_files(paths, {"source": "sequences", **ways})


def tokenize(text: bytes) -> Tokens:
    r"""Split UTF-8 text into words at blanks and line ends, without a Python loop over lines.

    >>> tokens = tokenize(b"u1 a b\n\nu2\tc\r\n")
    >>> tokens.words.to_list(), tokens.lines.tolist()
    (['u1', 'a', 'b', 'u2', 'c'], [0, 0, 0, 2, 2])
    """
    text = text.translate(_BLANKS_TO_SPACE)
    data = np.frombuffer(text, dtype=np.uint8)
    newlines = np.flatnonzero(data == ord("\n"))
    blank = data == ord(" ")
    blank[newlines] = True
    starts = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))
    # Each Arrow string runs to the start of the next word, so the text is shared and only blanks are cut off its end.
    bounds = np.append(starts, len(data)).astype(np.int64)
    words = pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(bounds), pa.py_buffer(text))
    lines = np.searchsorted(newlines, starts).astype(np.int64)
    return Tokens(pl.Series(words).str.strip_chars_end(" \n"), lines)


def choose_layout(tokens: Tokens) -> Layout:
    r"""Return ``event_per_line`` when every line with words has exactly two, else ``user_per_line``.

    >>> choose_layout(tokenize(b"u a\nu b\n")), choose_layout(tokenize(b"u a b\n"))
    ('event_per_line', 'user_per_line')
    """
    counts = np.bincount(tokens.lines)
    return "event_per_line" if np.all((counts == 0) | (counts == 2)) else "user_per_line"


def _refuse_items_alone(tokens: Tokens, layout: Layout, path: str) -> None:
    """Refuse lines of many words of which several begin with the same: a user has one line, an item begins many."""
    if layout != "user_per_line":
        return
    begins = np.concatenate([[True], tokens.lines[1:] != tokens.lines[:-1]])
    firsts = tokens.words.filter(pl.Series(begins))
    again = firsts.is_duplicated() & ~firsts.is_first_distinct()
    if again.any():
        row = int(again.arg_true()[0])
        raise UserError(
            f"{path} line {tokens.lines[begins][row] + 1} begins with {firsts[row]!r} as an earlier line does, so "
            "lines may hold items alone; set `layout`=items_per_line, or user_per_line if users have several lines"
        )


def _refuse_lists_in_words(tokens: Tokens, path: str) -> None:
    """Refuse words that look like lists (``a,b,c``): blanks alone set items apart."""
    words = tokens.words.head(_LOOKED_AT)
    lists = words.str.contains(_LIST)
    if 2 * lists.sum() > (tokens.lines[: len(words)][1:] == tokens.lines[: len(words)][:-1]).sum() > 0:
        word = words.filter(lists)[0]
        raise UserError(
            f"{path} has words such as {word!r}, but items are set apart by blanks; write blanks, or set `layout` "
            "where such a word is one item"
        )


def _require_two_words(tokens: Tokens, path: str) -> None:
    counts = np.bincount(tokens.lines)
    wrong = np.flatnonzero((counts != 0) & (counts != 2))
    if len(wrong):
        words = "1 word" if counts[wrong[0]] == 1 else f"{counts[wrong[0]]} words"
        raise UserError(
            f"{path} line {wrong[0] + 1} has {words} where `layout`=event_per_line allows exactly two (user item); "
            "mend the line or set `layout`=user_per_line"
        )


def _first_word_is_user(tokens: Tokens, path: str) -> pl.DataFrame:
    is_user = np.concatenate([[True], tokens.lines[1:] != tokens.lines[:-1]])
    lengths = np.diff(np.append(np.flatnonzero(is_user), len(tokens.lines))) - 1
    num_empty = int((lengths == 0).sum())
    if num_empty == len(lengths):
        raise UserError(
            f"{path} has no line with a user and an item; "
            "set `layout`=items_per_line if lines hold items alone, or data=interactions for a table with a header"
        )
    if num_empty:
        _log.warning("%s: %d users without items are skipped", path, num_empty)
    users = tokens.words.filter(pl.Series(is_user))
    rows = pl.Series(np.repeat(np.arange(len(lengths)), lengths))
    return pl.DataFrame({"user_id": users.gather(rows), "item_id": tokens.words.filter(pl.Series(~is_user))})
