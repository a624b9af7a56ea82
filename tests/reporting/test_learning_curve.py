from seqmine.reporting.learning_curve import draw_curves


def test_the_title_names_the_epoch_of_the_best_value(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda axes, text, **_: titles.append(text))
    history = [{"val/loss": 0.5}, {"val/loss": 0.2}, {}]
    draw_curves(history, "val/loss", tmp_path / "curve.png")
    assert titles == ["best val/loss 0.2000 in epoch 2"]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_drawn_of_no_epoch(tmp_path):
    draw_curves([], "val/loss", tmp_path / "curve.png")
    assert not (tmp_path / "curve.png").exists()
