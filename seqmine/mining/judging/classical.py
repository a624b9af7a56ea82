"""The lifts of market basket analysis, which ignore order, to compare with the lift of order."""

import numpy as np

from seqmine.probing.database import symbol_supports
from seqmine.structs import InteractionLog, PatternTable


def with_classical_lifts(log: InteractionLog, table: PatternTable) -> PatternTable:
    """Add ``classical_lift`` and ``copurchase_lift``.

    The classical lift of a rule is its confidence over the share of all users that have the consequent at all; it rises
    with the activity of the users of the antecedent. The co-purchase lift of a set of symbols is its support over what
    independent symbols would have.

    Args:
        log: histories.
        table: patterns with ``confidence`` and ``set_support``.

    >>> table = PatternTable.from_lists([(1, 2)], [1], 4).with_columns(confidence=np.ones(1), set_support=np.ones(1))
    >>> found = with_classical_lifts(InteractionLog.from_lists([[1, 2], [2], [3], [3]]), table).columns
    >>> found["classical_lift"].tolist(), found["copurchase_lift"].tolist()
    ([2.0], [2.0])
    """
    num_symbols = max(int(log.items.max(initial=0)), int(table.symbols.max(initial=0))) + 1
    # the sessions of a person lie in a row, and a symbol in several of them counts once
    firsts = np.flatnonzero(np.diff(log.owners, prepend=-1))
    having = symbol_supports(log.items, np.append(log.offsets[firsts], log.num_events), num_symbols)
    share = having / max(log.num_people, 1)
    classical, together = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for row, pattern in enumerate(table.patterns()):
        if len(pattern) > 1 and share[pattern[-1]] > 0:
            classical[row] = table.columns["confidence"][row] / share[pattern[-1]]
        expected = float(np.prod(share[list(set(pattern))])) * log.num_people
        if len(set(pattern)) > 1 and expected > 0:
            together[row] = table.columns["set_support"][row] / expected
    return table.with_columns(classical_lift=classical, copurchase_lift=together)
