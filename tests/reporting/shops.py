"""A small shop, and the table of its patterns."""

from dataclasses import replace

import numpy as np

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.evidence import CountsAlone
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints


def shop_log():
    """Return three users who view and buy."""
    log = InteractionLog.from_lists([[1, 1, 2], [1, 1], [1, 2]])
    return replace(log, behaviors=np.array([1, 2, 1, 1, 2, 1, 1], np.uint8), behavior_names=["view", "buy"])


def judged(symbols):
    """Return the patterns of at least two users with what counting tells."""
    table = FrequentMiner(min_count=2).mine(symbols.log)
    return CountsAlone().judge(symbols.log, table, Constraints(), 2).table


class Numbers:
    """A logger without tables."""

    def __init__(self):
        self.told, self.status = {}, None

    def log_metrics(self, metrics, step=None):
        self.told |= metrics

    def finalize(self, status):
        self.status = status
