import torch
from lightning import LightningModule, Trainer

from seqmine.training.averaging import AveragedWeights


class Line(LightningModule):
    """One weight that grows by 1 a step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.validated = None

    def training_step(self, batch, batch_index):
        return -self.weight.sum()

    def validation_step(self, batch, batch_index):
        self.validated = self.weight.item()

    def test_step(self, batch, batch_index):
        self.tested = self.weight.item()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def averages(decay, num_steps):
    """Return the averages of 1, 2, 3 ... after each step, with the warm-up."""
    average, found = 1.0, [1.0]
    for count in range(1, num_steps):
        share = min(decay, (1 + count) / (10 + count))
        average = share * average + (1 - share) * (count + 1)
        found.append(average)
    return found


def test_what_is_tested_is_what_was_validated_and_kept(tmp_path):
    module, batches = Line(), torch.utils.data.DataLoader(torch.zeros(5, 1))
    trainer = Trainer(
        max_epochs=4, callbacks=[AveragedWeights(decay=0.3)], default_root_dir=tmp_path, logger=False,
        enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(module, batches, batches)
    expected = averages(0.3, 20)[-1]
    assert expected < 19.9
    assert abs(module.validated - expected) < 1e-4
    trainer.save_checkpoint(tmp_path / "after.ckpt")
    best = trainer.checkpoint_callback.best_model_path
    trainer.test(module, batches, ckpt_path=best, weights_only=True, verbose=False)
    assert abs(module.tested - expected) < 1e-4
    kept = torch.load(best, weights_only=True)
    assert abs(kept["state_dict"]["weight"].item() - expected) < 1e-4
    assert kept["current_model_state"]["weight"].item() == 20


def test_the_average_forgets_early_where_it_started():
    callback = AveragedWeights(decay=0.998)
    near = callback._mix(torch.zeros(1), torch.ones(1), 1).item()
    late = callback._mix(torch.zeros(1), torch.ones(1), 10_000).item()
    assert abs(near - 9 / 11) < 1e-6
    assert abs(late - 0.002) < 1e-6
