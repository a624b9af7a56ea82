"""Explainers name the events of a planted pattern, of a model that does nothing but follow the process."""

import numpy as np
import pytest
import torch

from seqmine.data.sources import synthetic_process as process
from seqmine.data.sources.synthetic import Synthetic
from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.attribution.recency import RecencyExplainer
from seqmine.explanation.attribution.shapley import ShapleyExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases

WORLD = Synthetic(
    num_users=300, num_items=60, num_topics=3, num_patterns=12, pattern_rate=0.4, mean_length=16, repeat_share=0.1,
    noise_share=0.1, bot_share=0.0, seed=2,
)  # fmt: skip


class Oracle:
    """The log of the true probability of every next item."""

    def score(self, batch):
        truth, out = WORLD._world.truth, np.empty(60)
        scores = torch.zeros(len(batch), 61, dtype=torch.float64)
        for row, items in enumerate(batch.items.numpy()):
            history, state = items[items > 0] - 1, np.array([-1, -1, 0])
            for item in history.tolist():
                process.advance(state, item, truth)
            process.next_item(history.astype(np.int64), state, False, False, truth, out)
            scores[row, 1:] = torch.from_numpy(np.log(out + 1e-9))
        return scores


@pytest.fixture(scope="module")
def planted():
    """Histories with an open pattern and at least one event behind it; each symbol stands in it once."""
    numbers = {key: number + 1 for number, key in enumerate(WORLD.item_ids)}
    histories, items, places = [], [], []
    for (_user,), frame in WORLD.read().group_by("user_id", maintain_order=True):
        keys = frame["item_id"].to_list()
        for stop in range(len(keys), 4, -1):
            found = WORLD.open_pattern(keys[:stop])
            if found and found[1] < stop - 1 and all(keys[:stop].count(keys[place]) == 1 for place in found[:2]):
                histories.append([numbers[key] for key in keys[:stop]])
                items.append(numbers[found[2]])
                places.append(set(found[:2]))
                break
    return Cases.of_histories(histories[:40], max_length=50), items[:40], places[:40]


@pytest.mark.parametrize(
    ("explainer", "low", "high"),
    [
        (DeletionExplainer(batch_size=256), 0.9, 1.0),
        (ShapleyExplainer(max_exact=0, num_orders=6, seed=1, batch_size=256), 0.9, 1.0),
        (RecencyExplainer(), 0.0, 0.0),
    ],
    ids=["deletion", "shapley", "recency"],
)
def test_leading_events_are_those_of_the_pattern(planted, explainer, low, high):
    cases, items, places = planted
    assert len(cases) > 30
    questions = [Question(case, item) for case, item in enumerate(items)]
    found = explainer.explain(Oracle(), cases, questions)
    share = np.mean([set(one.order[:2].tolist()) == truth for one, truth in zip(found, places, strict=True)])
    assert low <= share <= high
