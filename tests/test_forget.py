import json

import polars as pl

import seqmine as sm
from tests.programs import error_of, run


def test_program_erases_users_and_writes_what_it_did(tmp_path):
    rows = [(f"u{user}", f"i{(user + step) % 9}", step) for user in range(30) for step in range(6)]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    sm.prepare(frame, time="timestamp", outputs=tmp_path / "outputs")
    pl.DataFrame({"user_id": ["u3", "u4"]}).write_csv(tmp_path / "gone.csv")
    arguments = ("store=outputs/store", "users=gone.csv", "hydra.run.dir=out")
    done = run("forget", *arguments, cwd=tmp_path)
    assert "Erased 2 users" in done.stdout
    told = json.loads((tmp_path / "out" / "erasure.json").read_text())
    assert told["stores"][0]["users_left"] == 28
    assert not any(b"u3" in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert "of which none is among the 28 users" in error_of(run("forget", *arguments, cwd=tmp_path, status=1))
