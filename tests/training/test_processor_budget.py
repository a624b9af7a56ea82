import time

import pytest
import torch

from tests.tiny import train


@pytest.mark.parametrize(("more_s", "num_epochs"), [(0.001, 1), (3600, 3)])
def test_training_ends_with_its_processor_time_and_is_measured(more_s, num_epochs, small_log, tmp_path):
    budget = ["callbacks=budget", f"callbacks.budget.processor_s={time.process_time() + more_s}"]
    folder = train(small_log, tmp_path / "run", *budget, "trainer.max_epochs=3")
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["epoch"] == num_epochs - 1
    assert (last["global_step"] == 1) == (num_epochs == 1)
    assert (folder / "metrics.json").is_file()
