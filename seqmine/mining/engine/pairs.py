"""The frequent ordered pairs of a log: the second level of the search, and what prunes all deeper ones."""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, grown
from seqmine.structs.kernels import kernel

MOST_BITS = 2**29
"""Above this many possible pairs (64 MiB of bits) deeper levels go without the pruning by pairs."""


class Pairs(NamedTuple):
    """Frequent ordered pairs: row a is ``seconds[offsets[a]:offsets[a + 1]]``, ascending.

    Args:
        offsets: (F + 1,) where the pairs that begin with each symbol start.
        seconds: second symbol of each pair.
        supports: users of each pair.
        bits: (F, ceil(F / 8)) one bit a pair, or no row at all where that would be too large.
    """

    offsets: NDArray[np.int64]
    seconds: NDArray[np.int32]
    supports: NDArray[np.int32]
    bits: NDArray[np.uint8]


@no_type_check
@kernel
def pairs_after(db: Database, firsts: NDArray[np.int64], floor: int, count: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return (first, second, support) of the frequent pairs that begin with the given symbols, without limits on gaps.

    Args:
        db: the indexed log.
        firsts: local numbers of the first symbols.
        floor: the support that is needed.
        count: (F, 2) scratch, zeros; not to be used twice.
    """
    out, num_out = np.empty((1024, 3), np.int32), 0
    found = np.empty(len(count), np.int32)
    stamp = np.int32(0)
    for first in firsts:
        num_found = 0
        user = -1
        for event in db.occurrences[db.occurrence_offsets[first] : db.occurrence_offsets[first + 1]]:
            if db.user[event] == user:
                continue
            user = db.user[event]
            stamp += np.int32(1)
            for later in range(db.follow[event], db.stop[user]):
                row = db.symbol[later]
                if count[row, 1] != stamp:
                    count[row, 1] = stamp
                    if count[row, 0] == 0:
                        found[num_found] = row
                        num_found += 1
                    count[row, 0] += 1
        num_kept = 0
        for row in found[:num_found]:
            if count[row, 0] >= floor:
                found[num_kept] = row
                num_kept += 1
            else:
                count[row, 0] = 0
        out = grown(out, num_out + num_kept)
        for second in np.sort(found[:num_kept]):
            out[num_out, 0], out[num_out, 1], out[num_out, 2] = first, second, count[second, 0]
            count[second, 0] = 0
            num_out += 1
    return out[:num_out].copy()


@no_type_check
@kernel
def _set_bits(firsts: NDArray[np.int32], seconds: NDArray[np.int32], bits: NDArray[np.uint8]) -> None:
    """Set the bit of each pair."""
    for index in range(len(firsts)):
        bits[firsts[index], seconds[index] >> 3] |= np.uint8(1 << (seconds[index] & 7))


def index_pairs(rows: NDArray[np.int32], num_symbols: int) -> Pairs:
    """Index (first, second, support) rows, in any order of the firsts.

    >>> index_pairs(np.array([[1, 0, 5], [0, 1, 4]], np.int32), 2).seconds.tolist()
    [1, 0]
    """
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    fits = num_symbols * num_symbols <= MOST_BITS
    bits = np.zeros((num_symbols if fits else 0, (num_symbols + 7) // 8), np.uint8)
    if fits:
        _set_bits(rows[:, 0], rows[:, 1], bits)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[:, 0], minlength=num_symbols))]).astype(np.int64)
    return Pairs(offsets, rows[:, 1].copy(), rows[:, 2].copy(), bits)


@no_type_check
@kernel
def may_follow(pairs: Pairs, first: int, second: int) -> bool:
    """Return False where the pair is known to be infrequent."""
    return len(pairs.bits) == 0 or (pairs.bits[first, second >> 3] >> (second & 7)) & 1 == 1
