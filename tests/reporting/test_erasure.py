from pathlib import Path

from seqmine.reporting.erasure import print_erasure

STORE = {
    "store": "outputs/store/a[b]",
    "users": 2,
    "events": 1200,
    "items_gone": 1,
    "users_left": 5,
    "traces_left": 0,
    "seconds": 0.5,
}
RUN = {"run": "outputs/train/x", "store": "a", "checkpoints": ["best.ckpt"], "files": ["per_user.parquet"]}


def test_what_was_erased_and_who_saw_it_is_shown(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    print_erasure({"num_users": 2, "stores": [STORE], "runs": [RUN]}, Path("erasure.json"))
    shown = capsys.readouterr().out
    for text in ("Erased 2 users", "outputs/store/a[b]", "1,200", "best.ckpt", "per_user.parquet", "erasure.json"):
        assert text in shown
    print_erasure({"num_users": 2, "stores": [STORE], "runs": []}, Path("erasure.json"))
    assert "Runs that saw" not in capsys.readouterr().out
