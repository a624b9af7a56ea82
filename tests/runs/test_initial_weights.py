import json

import numpy as np
import pytest
import torch

from seqmine.data.store import read_catalog
from seqmine.runs.initial_weights import grown
from seqmine.structs import InteractionLog, UserError
from tests.runs.conftest import NEW
from tests.tiny import train

TABLE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 8.0]])


def test_known_items_keep_their_vectors_and_new_ones_start_from_what_occurs_beside_them():
    """Theirs 1, 2, 3 are ours 2, 4, 1; ours 3 is new beside 2 and 4, ours 5 is new and alone with another new one."""
    log = InteractionLog.from_lists([[2, 3, 4, 4], [2, 3, 3], [5, 6], [1, 2]])
    found = grown(TABLE, np.array([1, 2, 3]), np.array([2, 4, 1]), 6, log)
    assert found.dtype == TABLE.dtype
    assert found[[0, 2, 4, 1]].tolist() == TABLE.tolist()
    torch.testing.assert_close(found[3], torch.tensor([(1 + 3 + 1) / 3, 0.0]))
    torch.testing.assert_close(found[5], TABLE[1:].mean(0))
    torch.testing.assert_close(found[6], TABLE[1:].mean(0))


def test_nothing_changes_on_the_same_catalog():
    log = InteractionLog.from_lists([[1, 2, 3]])
    rows = np.array([1, 2, 3])
    assert torch.equal(grown(TABLE, rows, rows, 3, log), TABLE)


def test_training_starts_from_a_run_by_item_id(older_run, newer_log, tmp_path):
    """With a learning rate of next to nothing the start is the end."""
    folder = train(newer_log, tmp_path / "run", f"init_from={older_run}", "optimizer.lr=1e-30")
    start, weights = (
        torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"] for run in (older_run, folder)
    )
    theirs, ours = (read_catalog(run / "catalog.parquet") for run in (older_run, folder))
    shared = [item for item in ours.item_ids if item not in NEW]
    table = weights["item_embedding.weight"]
    assert torch.equal(table[ours.encode(shared)], start["item_embedding.weight"][theirs.encode(shared)])
    new = table[ours.encode(NEW)]
    assert new.abs().sum() > 0 and not torch.equal(new[0], new[1])
    assert not table[0].any()
    rest = [name for name in weights if name != "item_embedding.weight"]
    assert rest and all(torch.equal(weights[name], start[name]) for name in rest)


def test_a_model_of_content_is_applied_to_the_log_of_another_shop(small_log, tmp_path):
    """Items stand on a circle in both shops, under other names: what follows what is known before anything is learned."""
    angles = np.arange(30)[:, None] * 2 * np.pi / 30 * np.arange(1, 4)
    np.save(tmp_path / "vectors.npy", np.hstack([np.cos(angles), np.sin(angles)]).astype(np.float32))
    other_log = tmp_path / "log.txt"
    other_log.write_text(small_log.read_text().replace(" i", " j"))
    settings = [
        "model/item_table=content",
        f"data.item_attributes.vectors={tmp_path}/vectors.npy",
        "evaluation.seen=none",
    ]

    def content(letter):
        path = tmp_path / f"{letter}.csv"
        path.write_text("\n".join(["item_id,place", *(f"{letter}{item + 1},{item}" for item in range(30))]) + "\n")
        return [*settings, f"data.item_attributes.path={path}"]

    learned = ["trainer.max_epochs=6", "scheduler=constant", "optimizer.lr=0.03", "model.item_table.own_dropout=0.5"]
    start = train(small_log, tmp_path / "start", *content("i"), *learned)
    found = {
        name: json.loads(
            (train(other_log, tmp_path / name, *content("j"), "optimizer.lr=1e-30", *more) / "metrics.json").read_text()
        )
        for name, more in {"moved": [f"init_from={start}"], "new": []}.items()
    }
    assert found["moved"]["test/hit_rate@5"] > 0.5 > 0.3 > found["new"]["test/hit_rate@5"]
    with pytest.raises(UserError, match=r"whose values each log numbers anew; keep vectors alone"):
        train(other_log, tmp_path / "x", *content("j"), f"init_from={start}", "data.item_attributes.numeric=[place]")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["model.embedding_dim=8"], r"where .* has the shape \(.*16.*\) instead of \(.*8.*\); set model"),
        (["model.encoder.num_layers=3"], "do not both have encoder"),
        (["model=popularity"], "the model is counted and has no weights; set init_from=null"),
        (["privacy=dp_sgd"], "outside the budget; allowed in a private training is null"),
        (["ckpt_path=x.ckpt"], "both say where training starts; set one of them to null"),
    ],
)
def test_another_model_is_refused(settings, sentence, older_run, older_log, tmp_path):
    with pytest.raises(UserError, match=sentence):
        train(older_log, tmp_path / "run", f"init_from={older_run}", *settings)
