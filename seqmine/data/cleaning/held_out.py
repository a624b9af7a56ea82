"""A step that keeps items out of what is learned, to measure how a model does on items that it has never seen."""

import polars as pl

from seqmine.data.cleaning.step import in_log_order, in_user_order
from seqmine.structs.bounds import InnerShare, NonNegativeInt, Seed

_PRIME, _MODULUS = 2_654_435_761, 1 << 32  # Knuth's multiplicative hash


class HeldOutItems:
    """Take a share of the items out of all events but the last ones of each user, so that they are only ever targets.

    With ``leave_one_out``, whose targets are the last two events, training never sees these items. Which items are held
    out follows from their place in the log and the seed.

    Args:
        share: of the items.
        num_last: events at the end of each history that keep them.
        seed: chooses the items.
    """

    counts = False

    def __init__(self, *, share: InnerShare, num_last: NonNegativeInt, seed: Seed) -> None:
        self.share, self.num_last, self.seed = share, num_last, seed

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the other items, and the last ones of all."""
        number = pl.col("item_id").to_physical().cast(pl.UInt64) + 1 + 7919 * self.seed
        is_held_out = (number * _PRIME) % _MODULUS < int(self.share * _MODULUS)
        from_end = pl.int_range(pl.len()).reverse().over("user_id")
        return in_log_order(in_user_order(events).filter(~is_held_out | (from_end < self.num_last)))
