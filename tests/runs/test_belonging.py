import logging

import pytest
import torch
from omegaconf import OmegaConf

from seqmine.data.store import write_catalog
from seqmine.runs.belonging import Belonging, require_catalog
from seqmine.structs import Catalog, UserError
from tests.tiny import train

CATALOG = Catalog.of_size(3)
TURNED = Catalog(["2", "1", "3"], CATALOG.train_counts)
MODEL = OmegaConf.create({"dim": 8, "encoder": {"layers": 2, "heads": "${model.dim}"}})


def belonging(catalog=CATALOG, **changes) -> Belonging:
    config = OmegaConf.create({"model": OmegaConf.merge(MODEL, changes)})
    return Belonging(catalog, config.model)


@pytest.fixture
def saved(tmp_path):
    checkpoint = {"state_dict": {}}
    belonging().on_save_checkpoint(None, None, checkpoint)
    path = tmp_path / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    torch.save(checkpoint, path)
    return path


def test_a_checkpoint_of_these_items_and_this_model_is_gone_on_from(saved):
    assert belonging().checked(str(saved)) == str(saved)
    assert belonging().checked(None) is None


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"catalog": TURNED}, r"is of 3 items that are numbered in another way than the 3 items of this log; set data"),
        ({"encoder": {"layers": 3}}, r"differs in encoder.layers \(2 there, 3 here\); set model.encoder.layers"),
        ({"dim": 9}, r"differs in dim, encoder.heads \(8 there, 9 here\)"),
        ({"new": 1}, r"differs in new \(None there, 1 here\)"),
    ],
)
def test_a_checkpoint_of_other_items_or_of_another_model_is_refused(other, sentence, saved):
    with pytest.raises(UserError, match=sentence):
        belonging(**other).checked(str(saved))


def test_an_older_checkpoint_is_of_the_catalog_beside_it(tmp_path, caplog):
    path = tmp_path / "checkpoints" / "last.ckpt"
    with caplog.at_level(logging.WARNING):
        require_catalog({}, CATALOG, path, "x")
    assert "whether they are those of the log is not checked" in caplog.text
    write_catalog(TURNED, tmp_path / "catalog.parquet")
    require_catalog({}, TURNED, path, "x")
    with pytest.raises(UserError, match="numbered in another way"):
        require_catalog({}, CATALOG, path, "x")


def test_going_on_with_a_log_that_numbers_items_differently_is_refused(older_run, older_log, tmp_path):
    """The same items, the rarest now the most frequent."""
    turned = tmp_path / "turned.txt"
    turned.write_text(older_log.read_text() + "".join(f"x{user} i5 i5 i5 i5 i5\n" for user in range(60)))
    last = older_run / "checkpoints" / "last.ckpt"
    more = ["trainer.max_epochs=4", "scheduler=constant", f"ckpt_path={last}"]
    with pytest.raises(UserError, match="29 items that are numbered in another way than the 29 items of this log"):
        train(turned, tmp_path / "turned", *more)
    train(older_log, tmp_path / "on", *more)
    assert torch.load(tmp_path / "on" / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 3
