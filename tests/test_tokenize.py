import numpy as np
import polars as pl

from tests.tiny import call


def test_the_program_prints_how_good_the_ids_are(tmp_path, capsys):
    pl.DataFrame({"item_id": ["a", "b", "c"]}).write_parquet(tmp_path / "items.parquet")
    np.save(tmp_path / "item_vectors.npy", np.array([[0.0], [0.1], [9.0]], np.float32))
    folder = call("tokenize", tmp_path / "run", f"vectors={tmp_path}/item_vectors.npy", "num_levels=1", "num_codes=2")
    printed = capsys.readouterr().out
    assert "3 items: 66.67% share all digits but the last, at most 2 the same" in printed
    assert f"semantic ids: {folder}" in printed
