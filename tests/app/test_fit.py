from tests.tiny import train


def test_callbacks_and_baselines_are_switched_off_by_null(small_log, tmp_path):
    off = ["callbacks.early_stopping=null", "baselines=default", "baselines.markov=null"]
    folder = train(small_log, tmp_path / "run", *off, "trainer.limit_train_batches=2")
    metrics = (folder / "metrics.json").read_text()
    assert "baseline/popularity" in metrics
    assert "baseline/markov" not in metrics
