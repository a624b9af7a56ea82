import io

import pytest
import torch

from seqmine.models.baselines.ease import EASE
from seqmine.models.baselines.fitted import entries_of_rows
from seqmine.models.baselines.item_knn import ItemKNN
from seqmine.models.baselines.markov import Markov, NGram
from seqmine.models.baselines.popularity import Popularity
from seqmine.models.baselines.session_knn import SessionKNN
from seqmine.structs import Recommender
from tests.models.baselines.small_logs import batch_of, log_of, random_histories


@pytest.mark.parametrize("kind", [Popularity, Markov, NGram, ItemKNN, SessionKNN, EASE])
def test_a_fitted_baseline_survives_a_checkpoint(kind):
    fitted, fresh = kind(), kind()
    fitted.fit(log_of(random_histories()), num_items=12)
    file = io.BytesIO()
    torch.save({"model": fitted.state_dict()}, file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True)["model"])
    batch = batch_of(random_histories(seed=3))
    assert torch.equal(fresh.score(batch), fitted.score(batch))


@pytest.mark.parametrize("kind", [Popularity, Markov, NGram, ItemKNN, SessionKNN, EASE])
def test_every_baseline_scores_the_whole_catalog_and_leaves_its_state_alone(kind):
    model = kind()
    model.fit(log_of(random_histories()), num_items=15)
    batch = batch_of(random_histories(seed=4))
    scores = model.score(batch)
    assert isinstance(model, Recommender)
    assert scores.shape == (30, 16)
    assert torch.isfinite(scores).all()
    scores.fill_(-torch.inf)
    assert torch.isfinite(model.score(batch)).all()


@pytest.mark.parametrize("kind", [Popularity, Markov, NGram, ItemKNN, SessionKNN, EASE])
def test_a_row_alone_equals_the_row_in_a_batch(kind):
    model = kind()
    model.fit(log_of(random_histories()), num_items=12)
    histories = random_histories(seed=6)
    whole = model.score(batch_of(histories))
    for row, history in enumerate(histories[:5]):
        torch.testing.assert_close(model.score(batch_of([history]))[0], whole[row])


def test_entries_of_empty_rows_are_none():
    offsets = torch.tensor([0, 0, 2])
    rows, columns, _ = entries_of_rows(offsets, torch.tensor([4, 5]), torch.tensor([1.0, 2.0]), torch.tensor([0, 1, 0]))
    assert (rows.tolist(), columns.tolist()) == ([1, 1], [4, 5])
