import json

import numpy as np
import polars as pl
import pytest

pytest.importorskip("transformers", reason="the extra hf is not installed")

from tests.models.embeddings.test_text import save_model
from tests.tiny import call, train


def test_vectors_stand_beside_their_table_and_a_training_reads_them(small_log, tmp_path):
    items = sorted({item for line in small_log.read_text().splitlines() for item in line.split()[1:]})
    rows = [f"{item},{'red' if number % 2 else 'blue'} shoe" for number, item in enumerate(items)]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,title", *rows]) + "\n")
    model = save_model(tmp_path / "model")
    log = ["data=sequences", f"data.path={small_log}", f"data.items_path={tmp_path}/items.csv"]
    folder = call(
        "embed", tmp_path / "run", *log, f"embedder.folder={model}", f"cache={tmp_path}/cache", "shard_size=7"
    )
    table, vectors = pl.read_parquet(folder / "items.parquet"), np.load(folder / "item_vectors.npy")
    assert len(table) == len(vectors) == len(items) and vectors.shape[1] == 8
    red = table["title"].str.starts_with("red").to_numpy()
    assert len(np.unique(vectors[red].round(4), axis=0)) == 1 and not np.allclose(vectors[red][0], vectors[~red][0])
    content = [
        f"data.item_attributes.path={folder}/items.parquet",
        f"data.item_attributes.vectors={folder}/item_vectors.npy",
    ]
    run = train(
        small_log, tmp_path / "trained", *content, "model/item_table=attributes", "trainer.limit_train_batches=1"
    )
    assert "test/ndcg@10" in json.loads((run / "metrics.json").read_text())
