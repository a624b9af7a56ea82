"""Settings of a training that follow from what can be counted in its log, by rules that were found on validation."""

import math
from dataclasses import dataclass

import numpy as np

from seqmine.data.seen import RETURNING_SHARE, returning_share
from seqmine.structs import InteractionLog
from seqmine.structs.bounds import PositiveInt

_LENGTHS = (50, 100, 200)
_FEW_EVENTS, _MANY_EVENTS = 20.0, 200.0  # of an item, between which the dropout falls
_MOST_DROPOUT, _LEAST_DROPOUT = 0.5, 0.25
_LARGE_LOG = 500_000  # events that pay for wide vectors
_BATCHES_OF_EPOCH = 64
_BATCH_SIZES = (16, 128)


@dataclass(frozen=True)
class LogCounts:
    """What the rules look at: the training part in numbers.

    Args:
        num_events: training events.
        num_users: users with at least two of them.
        num_items: items of the catalog.
        median_length: training events of the median user among these.
        returning_share: share of the events with one before them that go back to an item of their user.
    """

    num_events: int
    num_users: int
    num_items: int
    median_length: float
    returning_share: float

    @classmethod
    def of(cls, training: InteractionLog, num_items: int) -> "LogCounts":
        """Count a training part.

        >>> LogCounts.of(InteractionLog.from_lists([[1, 2, 1], [3, 4, 5], [6]]), 6)
        LogCounts(num_events=7, num_users=2, num_items=6, median_length=3.0, returning_share=0.25)
        """
        lengths = training.lengths[training.lengths >= 2]
        median = float(np.median(lengths)) if len(lengths) else 0.0
        return cls(training.num_events, len(lengths), num_items, median, returning_share(training))


@dataclass(frozen=True)
class Recipe:
    """Rules from counts to settings.

    * Length: the shortest of 50, 100, 200 that holds the whole history of half of the users; longer histories are cut
      into windows of half a length, so that each event is a target.
    * Width: 64, and 128 from 500,000 events on.
    * Dropout: .5 up to 20 events an item, .25 from 200 on, and between them along the logarithm.
    * Batch: the power of two from 16 to 128 that gives an epoch about 64 batches.
    * Best epoch: by validation NDCG@10; by validation loss where more than 5% of the events go back to an item, as a
      model that has learned nothing yet says the last item again, which the correction by returns says anyway.
    * Behaviors of events are read where the log has them.
    * Epochs: ``min_epochs``, and on small logs as many more as make ``min_steps`` updates of the weights.

    Args:
        min_steps: updates of a training, at least.
        min_epochs: epochs of a training, at least.
    """

    min_steps: PositiveInt
    min_epochs: PositiveInt

    def sizes(self, counts: LogCounts) -> dict[str, int | float | str]:
        """Return what a model and its batches are like, and what chooses its best epoch.

        >>> list(Recipe(min_steps=4000, min_epochs=40).sizes(LogCounts(154_000, 22_363, 12_101, 4, 0.0)).values())
        [50, 25, 64, 0.5, 128, 'val/ndcg@10']
        """
        max_length = next((length for length in _LENGTHS if length >= counts.median_length), _LENGTHS[-1])
        batch = num_sequences(counts, max_length // 2) / _BATCHES_OF_EPOCH
        least, most = _BATCH_SIZES
        return {
            "max_length": max_length,
            "stride": max_length // 2,
            "embedding_dim": 128 if counts.num_events >= _LARGE_LOG else 64,
            "dropout": dropout(counts.num_events / max(counts.num_items, 1)),
            "batch_size": min(max(2 ** round(math.log2(max(batch, 1))), least), most),
            "monitor": "val/loss" if counts.returning_share > RETURNING_SHARE else "val/ndcg@10",
        }

    def epochs(self, counts: LogCounts, stride: int, batch_size: int) -> int:
        """Return how many epochs a training has.

        >>> recipe = Recipe(min_steps=4000, min_epochs=40)
        >>> recipe.epochs(LogCounts(35_000, 1000, 8000, 25, 0.0), 25, 16)
        46
        """
        batches = math.ceil(num_sequences(counts, stride) / batch_size)
        return max(self.min_epochs, math.ceil(self.min_steps / max(batches, 1)))


def num_sequences(counts: LogCounts, stride: int) -> int:
    """Return about how many windows an epoch has: one a user, or one a stride where histories are long."""
    return max(counts.num_users, counts.num_events // stride)


def dropout(events_per_item: float) -> float:
    """Return the dropout for items of so many events, in steps of .05.

    >>> [dropout(events) for events in (3, 20, 63, 200, 1000)]
    [0.5, 0.5, 0.4, 0.25, 0.25]
    """
    place = math.log(max(events_per_item, 1.0) / _FEW_EVENTS) / math.log(_MANY_EVENTS / _FEW_EVENTS)
    share = _MOST_DROPOUT - (_MOST_DROPOUT - _LEAST_DROPOUT) * min(max(place, 0.0), 1.0)
    return round(round(share / 0.05) * 0.05, 2)
