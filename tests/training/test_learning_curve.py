from types import SimpleNamespace

from seqmine.training.learning_curve import LearningCurve, draw_curves


def test_a_picture_is_drawn_and_the_history_survives_a_checkpoint(tmp_path):
    path = tmp_path / "curve.png"
    first = LearningCurve(path=str(path), metric="val/ndcg@10")
    trainer = SimpleNamespace(callback_metrics={"train/loss": 2.0, "val/ndcg@10": 0.1}, is_global_zero=True)
    first.on_train_epoch_end(trainer, None)
    resumed = LearningCurve(path=str(path), metric="val/ndcg@10")
    resumed.load_state_dict(first.state_dict())
    resumed.on_train_epoch_end(trainer, None)
    resumed.on_fit_end(trainer, None)
    assert len(resumed.history) == 2
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_title_names_the_epoch_of_the_best_value(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda axes, text, **_: titles.append(text))
    history = [{"val/loss": 0.5}, {"val/loss": 0.2}, {}]
    draw_curves(history, "val/loss", tmp_path / "curve.png")
    assert titles == ["best val/loss 0.2000 in epoch 2"]
