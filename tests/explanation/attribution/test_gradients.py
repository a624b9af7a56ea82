import pytest
import torch

from seqmine.explanation.attribution.gradients import VectorScore, blocks, mean_vector
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Additive, linear_module


def test_the_score_at_the_vectors_of_the_events_is_that_of_the_model():
    module, cases = linear_module(5), Cases.of_histories([[1, 2, 3]], max_length=2)
    score = VectorScore.of(module, cases, Question(0, 4))
    with torch.no_grad():
        expected = module.score(cases.batch([0]))[0, 1:].log_softmax(0)[3]
        assert torch.allclose(score(score.vectors[None]), expected)
    assert score.num_events == 2
    assert torch.equal(score.vectors, module.item_embedding(torch.tensor([[2, 3]]))[0])
    assert not module.item_embedding._forward_hooks


def test_gradients_are_those_of_small_changes():
    module, cases = linear_module(5), Cases.of_histories([[1, 2]], max_length=2)
    score = VectorScore.of(module, cases, Question(0, 4))
    with torch.no_grad():
        found = score.gradients(score.vectors[None])[0]
        step = torch.zeros_like(score.vectors)
        step[1, 2] = 1e-2
        change = score(torch.stack([score.vectors + step, score.vectors - step]))
    assert found[1, 2].item() == pytest.approx(float(change[0] - change[1]) / 2e-2, rel=1e-2)


def test_the_mean_vector_is_of_all_items():
    module = linear_module(5)
    assert torch.allclose(mean_vector(module), 2 * module.item_embedding.weight[1:].mean(0))


def test_a_counted_model_has_no_vectors():
    with pytest.raises(
        UserError, match="a model that is counted or corrected by patterns has not; set explainer=deletion"
    ):
        VectorScore.of(Additive([0.0, 1.0], item=1), Cases.of_histories([[1]], 2), Question(0, 1))


def test_blocks_cover_all_rows():
    assert blocks(4, 4) == [slice(0, 4)] and blocks(0, 4) == []
