import numpy as np
import polars as pl
import torch

from seqmine.data.collate import HistoryCollate
from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveLastK, LeaveOneOut
from seqmine.data.truth import KnownTruth, TrueProbabilities
from seqmine.structs import SequenceBatch


class Source:
    """Gives the item whose number is the position all the probability."""

    def oracle_scores(self, user_ids, positions, item_ids):
        self.asked = user_ids
        return np.array([[float(column == position) for column in range(len(item_ids))] for position in positions])


def test_the_oracle_is_asked_for_the_target_of_each_row(events):
    data = prepare_sequences(number_table(events), None, LeaveOneOut())
    source = Source()
    oracle = TrueProbabilities(source=source, data=data)
    assert isinstance(source, KnownTruth)
    one = torch.ones(1, 1, dtype=torch.int64)
    batch = SequenceBatch(one, one, torch.tensor([1]), torch.tensor([0]), target_positions=torch.tensor([1]))
    scores = oracle.score(batch)
    assert source.asked == ["a"]
    assert scores.shape == (1, data.catalog.num_items + 1)
    assert scores[0, 0] == 0


def test_each_of_several_targets_of_a_user_is_asked_for_after_all_events_before_it():
    """Training never saw c, which the histories leave out and the truth does not."""
    rows = [("u", item) for item in "abacab"] + [("v", item) for item in "ababab"]
    table = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    data = prepare_sequences(number_table(table), None, LeaveLastK(k=2))
    collate = HistoryCollate(log=data.log, max_length=5, seen="full")
    batch = collate(data.split.test, data.test_items, np.arange(4))
    scores = TrueProbabilities(source=Source(), data=data).score(batch)
    asked = dict.fromkeys(data.user_ids)
    for user, position in zip(batch.user_index.tolist(), batch.target_positions.tolist(), strict=True):
        asked[data.user_ids[user]] = [*(asked[data.user_ids[user]] or []), position]
    assert asked == {"u": [4, 5], "v": [4, 5]}
    assert scores.shape == (4, 3)
