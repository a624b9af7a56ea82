import json

import numpy as np
import polars as pl
import pytest

from seqmine.app.tokenizing import read_vectors
from seqmine.structs import UserError
from tests.tiny import call, train

RANDOM = np.random.default_rng(0)


def write_vectors(folder, names, vectors):
    folder.mkdir(exist_ok=True)
    pl.DataFrame({"item_id": names}).write_parquet(folder / "items.parquet")
    np.save(folder / "item_vectors.npy", vectors)
    return f"vectors={folder}/item_vectors.npy"


def test_ids_are_made_judged_learned_and_kept_when_new_items_come(small_log, tmp_path):
    names = [f"i{item}" for item in range(1, 31)]
    vectors = RANDOM.normal(size=(30, 4)).astype(np.float32)
    few = ["num_codes=4", "num_levels=2"]
    log = ["data=sequences", f"data.path={small_log}"]
    folder = call("tokenize", tmp_path / "ids", write_vectors(tmp_path / "v", names, vectors), *few, *log)
    table = pl.read_parquet(folder / "semantic_ids.parquet")
    assert table["item_id"].to_list() == names and table["semantic_id"].n_unique() == 30
    quality = json.loads((folder / "quality.json").read_text())
    assert quality["num_items"] == 30 and [level["dead_codes"] for level in quality["levels"]] == [0, 0]
    assert [row["digits"] for row in quality["prefix_recall"]] == [1, 2] and quality["prefix_recall"][0][
        "by_chance"
    ] > 0
    more = write_vectors(tmp_path / "w", ["new", *names], np.concatenate([vectors[:1], -vectors]))
    later = call("tokenize", tmp_path / "later", more, f"tokenizer={folder}/tokenizer")
    added = pl.read_parquet(later / "semantic_ids.parquet")
    assert added[:30].equals(table) and added["semantic_id"].n_unique() == 31
    first, new = table["semantic_id"][0].to_list(), added["semantic_id"][30].to_list()
    assert added["item_id"][30] == "new" and new[:2] == first[:2] and new[2] != first[2]
    ids = ["model=generative", f"model.item_table.semantic_ids={later}/semantic_ids.parquet", "metrics.cutoffs=[10]"]
    digits = ["model.item_table.num_levels=2", "model.item_table.num_codes=12", "model.beam_width=30"]
    run = train(small_log, tmp_path / "run", *ids, *digits)
    assert "test/ndcg@10" in json.loads((run / "metrics.json").read_text())
    keys, of_run = read_vectors(str(run), None, [])
    assert len(keys) == len(of_run) == 30 and of_run.any(axis=1).all()


def test_what_does_not_fit_is_told(tmp_path):
    given = write_vectors(tmp_path / "v", ["a", "b"], np.eye(2, dtype=np.float32))
    folder = call("tokenize", tmp_path / "ids", given, "num_codes=2", "num_levels=1")
    wide = write_vectors(tmp_path / "w", ["a", "b"], np.eye(2, 3, dtype=np.float32))
    with pytest.raises(UserError, match=r"made of vectors of 2 numbers, and vectors has 3"):
        call("tokenize", tmp_path / "x", wide, f"tokenizer={folder}/tokenizer")
    with pytest.raises(UserError, match=r"tokenizer is '.*', which has no codebooks.safetensors"):
        call("tokenize", tmp_path / "x", given, f"tokenizer={folder}")
    with pytest.raises(UserError, match=r"num_codes is 0, allowed are whole numbers from 1"):
        call("tokenize", tmp_path / "x", given, "num_codes=0")
    long = write_vectors(tmp_path / "w", ["a"], np.eye(2, dtype=np.float32))
    with pytest.raises(UserError, match=r"of shape \(2, 2\), allowed is a row for each of 1 items"):
        call("tokenize", tmp_path / "x", long)
    with pytest.raises(UserError, match=r"which cannot be read"):
        call("tokenize", tmp_path / "x", "vectors=nowhere.npy")
