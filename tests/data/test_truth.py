import numpy as np
import torch

from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut
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
    oracle = TrueProbabilities(source=source, data=data, targets=data.split.test)
    one = torch.ones(1, 1, dtype=torch.int64)
    scores = oracle.score(SequenceBatch(one, one, torch.tensor([1]), torch.tensor([0])))
    assert isinstance(source, KnownTruth)
    assert source.asked == ["a"]
    assert scores.shape == (1, data.catalog.num_items + 1)
    assert scores[0, 0] == 0
