"""Lists by rules: what people with the antecedent of a rule have not had yet, each item with the rule behind it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.matching import find_supporters, people_among
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


@dataclass(frozen=True)
class RuleLists:
    """Lists one after the other, the best item of each person first.

    Args:
        people: (N,) whose row it is.
        items: (N,) the consequent of the rule.
        ranks: (N,) from 1.
        rules: (N,) row of the rule.
    """

    people: NDArray[np.int64]
    items: NDArray[np.int64]
    ranks: NDArray[np.int64]
    rules: NDArray[np.int64]


def lists_by_rules(
    log: InteractionLog,
    rules: PatternTable,
    strength: NDArray[np.float64],
    constraints: Constraints,
    *,
    top_k: int,
    allowed: NDArray[np.bool_],
    again: bool,
) -> RuleLists:
    """Return for each person the consequents of the rules whose antecedent they have, the strongest rule first.

    An item that several rules lead to stands once, with the strongest of them.

    Args:
        log: histories of items; sessions of one person make one list.
        rules: each from all but its last item to the last.
        strength: (R,) of each rule, such as its confidence.
        constraints: where an antecedent may occur.
        top_k: items of a list, at most.
        allowed: (V + 1,) items that may be in a list, by number.
        again: whether items that a person has had may come again.

    >>> log = InteractionLog.from_lists([[1], [1, 2], [3, 1]])
    >>> rules = PatternTable.from_lists([(1, 2), (1, 3)], [0, 0], 3)
    >>> found = lists_by_rules(
    ...     log, rules, np.array([0.5, 0.6]), Constraints(), top_k=5, allowed=np.ones(4, bool), again=False
    ... )
    >>> list(zip(found.people.tolist(), found.items.tolist(), found.ranks.tolist()))
    [(0, 3, 1), (0, 2, 2), (1, 3, 1), (2, 2, 1)]
    """
    before = [pattern[:-1] for pattern in rules.patterns()]
    antecedents = PatternTable.from_lists(before, [0] * len(before), rules.num_users)
    having = [people_among(log, users) for users in find_supporters(log, antecedents, constraints)]
    rows = np.repeat(np.arange(len(having)), [len(users) for users in having])
    people = np.concatenate([np.empty(0, np.int64), *having]).astype(np.int64)
    items = rules.symbols[rules.offsets[1:] - 1][rows].astype(np.int64)
    kept = allowed[items]
    if not again:
        width = int(max(log.items.max(initial=0), items.max(initial=0))) + 1
        had = log.owners[log.event_users].astype(np.int64) * width + log.items
        kept &= ~np.isin(people * width + items, had)
    people, items, rows = people[kept], items[kept], rows[kept]
    order = np.lexsort((rows, -strength[rows], items, people))
    people, items, rows = people[order], items[order], rows[order]
    first = (np.diff(people, prepend=-1) != 0) | (np.diff(items, prepend=-1) != 0)
    people, items, rows = people[first], items[first], rows[first]
    order = np.lexsort((items, -strength[rows], people))
    people, items, rows = people[order], items[order], rows[order]
    begins = np.flatnonzero(np.diff(people, prepend=-1))
    ranks = np.arange(len(people)) - np.repeat(begins, np.diff(np.append(begins, len(people)))) + 1
    kept = ranks <= top_k
    return RuleLists(people[kept], items[kept], ranks[kept], rows[kept])
