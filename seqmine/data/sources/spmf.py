"""Sequence databases in the text format of SPMF: ``-1`` ends an itemset, ``-2`` a sequence, one sequence per line.

Source: the format of input files in the documentation of the SPMF library (Fournier-Viger et al., 2016).
"""

import logging
import re

import numpy as np
import polars as pl

from seqmine.structs import UserError

_log = logging.getLogger(__name__)
_END_OF_SET, _END_OF_SEQUENCE = "-1", "-2"
_NAME = re.compile(r"@ITEM=([^=]+)=(.*)")
_EXTENDED = r"^<.*>$|\[.*\]$|^SUtility:"


def without_comments(text: bytes) -> tuple[bytes, dict[str, str]]:
    r"""Return the lines of sequences, those of comments empty, and the names that ``@ITEM=`` lines give to items.

    >>> without_comments(b"@ITEM=1=green tea\n1 -1 -2\n")
    (b'\n1 -1 -2\n', {'1': 'green tea'})
    """
    if not re.search(rb"(?m)^[@#%]", text):
        return text, {}
    lines = text.decode().split("\n")
    found = [_NAME.fullmatch(line.strip()) for line in lines]
    names = {match[1].strip(): match[2].strip() for match in found if match}
    return "\n".join("" if line.startswith(("@", "#", "%")) else line for line in lines).encode(), names


def is_spmf(words: pl.Series) -> bool:
    """Return whether words are of this format: it ends with the end of a sequence, and itemsets end in it.

    >>> is_spmf(pl.Series(["1", "-1", "-2"])), is_spmf(pl.Series(["u", "a", "b"]))
    (True, False)
    """
    return bool(len(words)) and words[-1] == _END_OF_SEQUENCE and bool((words == _END_OF_SET).any())


def read_spmf(words: pl.Series, lines: np.ndarray, names: dict[str, str], path: str) -> pl.DataFrame:
    """Return the events of sequences, whose users are named by the number of their line, from 1.

    Items of one set have no order. Where some set has several, the number of the set is the time of its events, so that
    whatever asks for the order of events knows.

    Args:
        words: of the file.
        lines: the line, from 0, of each.
        names: names of items, see ``without_comments``.
        path: of the file, for messages.

    Raises:
        UserError: a sequence has no end, or the file has times or utilities of items.
    """
    if not len(words) or words[-1] != _END_OF_SEQUENCE:
        raise UserError(
            f"{path} does not end with -2 where `layout`=spmf wants the end of a sequence; "
            "mend the file or set `layout` to what it is"
        )
    extended = words.str.contains(_EXTENDED)
    if extended.any():
        raise UserError(
            f"{path} line {lines[int(extended.arg_true()[0])] + 1} has {words.filter(extended)[0]!r}, a time or a "
            "utility of the extended formats of SPMF; only items, -1 and -2 are read"
        )
    ends_sequence, ends_set = (words == _END_OF_SEQUENCE).to_numpy(), (words == _END_OF_SET).to_numpy()
    is_item = ~(ends_sequence | ends_set)
    sequence = np.cumsum(ends_sequence) - ends_sequence
    first_line = np.full(int(sequence[-1]) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_line, sequence, lines)
    sets = np.cumsum(ends_set) - ends_set
    first_set = np.full(len(first_line), np.iinfo(np.int64).max)
    np.minimum.at(first_set, sequence, sets)
    position = (sets - first_set[sequence])[is_item]
    users = pl.Series(first_line[sequence][is_item] + 1).cast(pl.String)
    frame = pl.DataFrame({"user_id": users, "item_id": words.filter(pl.Series(is_item)), "timestamp": position})
    if names:
        frame = frame.with_columns(pl.col("item_id").replace(names))
    if not frame.select(pl.struct("user_id", "timestamp").is_duplicated().any()).item():
        return frame.drop("timestamp")
    _log.info("%s: itemsets of several items are read as events of one time, their number", path)
    return frame
