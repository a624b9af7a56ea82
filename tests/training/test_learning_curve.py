from types import SimpleNamespace

from seqmine.training.learning_curve import LearningCurve


def test_a_resumed_curve_goes_on_with_the_epochs_of_the_checkpoint():
    first, resumed = LearningCurve(), LearningCurve()
    first.on_train_epoch_end(SimpleNamespace(callback_metrics={"train/loss": 2.0}), None)
    resumed.load_state_dict(first.state_dict())
    resumed.on_train_epoch_end(SimpleNamespace(callback_metrics={"train/loss": 1.0}), None)
    assert resumed.epochs == [{"train/loss": 2.0}, {"train/loss": 1.0}]
    assert first.epochs == [{"train/loss": 2.0}]


def test_a_whole_curve_stays_when_the_best_checkpoint_is_tested():
    curve = LearningCurve()
    curve.on_train_epoch_end(SimpleNamespace(callback_metrics={"val/ndcg@10": 0.3}), None)
    best = curve.state_dict() | {"history": list(curve.epochs)}
    curve.on_train_epoch_end(SimpleNamespace(callback_metrics={"val/ndcg@10": 0.2}), None)
    curve.load_state_dict(best)
    assert curve.epochs == [{"val/ndcg@10": 0.3}, {"val/ndcg@10": 0.2}]
