"""What each user has of each symbol: all that the null of random order looks at, counted once for all patterns."""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, at_least
from seqmine.probing.matching import local_patterns
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.kernels import kernel


class Contents(NamedTuple):
    """The users of each symbol, ascending, and how often they have it.

    Args:
        db: the index of the log.
        users: (N,) the users of the symbols, symbol by symbol.
        counts: (N,) events of that symbol and user.
        offsets: (F + 1,) where the users of each symbol begin.
    """

    db: Database
    users: NDArray[np.int32]
    counts: NDArray[np.int32]
    offsets: NDArray[np.int64]


def local_contents(log: InteractionLog, table: PatternTable, strict_time: bool) -> tuple[Contents, NDArray[np.int32]]:
    """Count what the users of a log have of the symbols of a table, and number those symbols as the index does.

    >>> table = PatternTable.from_lists([(5, 7)], [0], 2)
    >>> contents, flat = local_contents(InteractionLog.from_lists([[5, 5], [7, 5]]), table, False)
    >>> contents.users.tolist(), contents.counts.tolist(), flat.tolist()
    ([0, 1, 1], [2, 1, 1], [0, 1])
    """
    db, flat = local_patterns(log, table, strict_time)
    users, counts = _count(db)
    offsets = np.concatenate([[0], np.cumsum(db.support)]).astype(np.int64)
    return Contents(db, users, counts, offsets), flat


@no_type_check
@kernel
def _count(db: Database) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the users of all symbols, and how often they have them."""
    size = np.sum(db.support)
    users, counts = np.empty(size, np.int32), np.zeros(size, np.int32)
    place = -1
    for symbol in range(len(db.support)):
        last = -1
        for event in db.occurrences[db.occurrence_offsets[symbol] : db.occurrence_offsets[symbol + 1]]:
            if db.user[event] != last:
                last = db.user[event]
                place += 1
                users[place] = last
            counts[place] += 1
    return users, counts


@no_type_check
@kernel
def plain_counts(contents: Contents, symbols: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the users that have all symbols, and (users, symbols) how often."""
    places, stops = contents.offsets[symbols].copy(), contents.offsets[symbols + 1]
    most = np.min(stops - places)
    users, counts = np.empty(most, np.int32), np.empty((most, len(symbols)), np.int32)
    num_users = 0
    rarest = np.argmin(stops - places)
    for place in range(places[rarest], stops[rarest]):
        user = contents.users[place]
        is_had = True
        for index in range(len(symbols)):
            if index == rarest:
                counts[num_users, index] = contents.counts[place]
                continue
            places[index] = at_least(contents.users, places[index], stops[index], user)
            if places[index] == stops[index]:
                return users[:num_users], counts[:num_users]
            if contents.users[places[index]] != user:
                is_had = False
                break
            counts[num_users, index] = contents.counts[places[index]]
        if is_had:
            users[num_users] = user
            num_users += 1
    return users[:num_users], counts[:num_users]


@no_type_check
@kernel
def block_counts(contents: Contents, symbols: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the users that have all symbols, and how many moments of each kind (set of symbols at once) they have."""
    db = contents.db
    users, _ = plain_counts(contents, symbols)
    kinds = np.zeros((len(users), 2 ** len(symbols)), np.int32)
    begins, stops = db.occurrence_offsets[symbols].copy(), db.occurrence_offsets[symbols + 1]
    blocks = np.empty(64, np.int64)
    for row in range(len(users)):
        num_blocks = 0
        for index in range(len(symbols)):
            place = begins[index]
            while db.user[db.occurrences[place]] < users[row]:
                place += 1
            while place < stops[index] and db.user[db.occurrences[place]] == users[row]:
                if num_blocks == len(blocks):
                    blocks = np.append(blocks, np.empty_like(blocks))
                # Events of one moment share what may follow them.
                blocks[num_blocks] = np.int64(db.follow[db.occurrences[place]]) * 64 + index
                num_blocks += 1
                place += 1
            begins[index] = place
        _count_blocks(np.sort(blocks[:num_blocks]), kinds[row])
    return users, kinds


@no_type_check
@kernel
def _count_blocks(blocks: NDArray[np.int64], kinds: NDArray[np.int32]) -> None:
    """Count the sets of symbols of the blocks; ``blocks`` holds block * 64 + symbol, ascending."""
    mask = 0
    for index in range(len(blocks)):
        mask |= 1 << (blocks[index] % 64)
        if index + 1 == len(blocks) or blocks[index + 1] // 64 != blocks[index] // 64:
            kinds[mask] += 1
            mask = 0
