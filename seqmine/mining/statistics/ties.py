"""Events of one moment: nobody knows their order, so what a file lists first is no evidence of any."""

from dataclasses import replace

from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints
from seqmine.structs.log import FEW_TIES, tie_share
from seqmine.structs.places import told


def for_order(constraints: Constraints, log: InteractionLog) -> Constraints:
    """Return the constraints under which order is judged: with ``strict_time`` where the log has ties.

    >>> import numpy as np
    >>> tied = InteractionLog(np.array([1, 2], np.int32), np.array([0, 2]), np.array([5, 5]))
    >>> for_order(Constraints(max_gap=1), tied).strict_time
    True
    """
    return replace(constraints, strict_time=True) if tie_share(log) else constraints


def tie_note(share: float | None, constraints: Constraints) -> str | None:
    """Return what to know of the ties of a log, in a sentence; None where they are few or left out already.

    Args:
        share: of the neighbors that are ties, as ``tie_share``.
        constraints: limits that patterns were mined under.
    """
    if share is None or share <= FEW_TIES or constraints.strict_time:
        return None
    return told(
        f"{share:.0%} of neighboring events have one timestamp and stand in the order of the file: supports and "
        "confidences count that order, tests of order do not; set `miner.strict_time`=true to leave it out of all."
    )
