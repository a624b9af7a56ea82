import json

from tests.programs import error_of, run


def test_prepare_prints_and_keeps_the_audit_and_the_verdict(small_log, tmp_path):
    arguments = ["data=sequences", f"data.path={small_log}", "data/cleaning=core5", f"hydra.run.dir={tmp_path / 'run'}"]
    done = run("prepare", *arguments, cwd=tmp_path)
    audit = json.loads((tmp_path / "run" / "audit.json").read_text())
    assert audit["source"]["users"] == 200
    assert audit["rows"]
    assert "Leaks: none found" in done.stdout
    assert "KCore" in done.stdout
    assert (tmp_path / "outputs" / "store").is_dir()


def test_cleaning_that_looks_past_the_training_edge_is_a_leak(small_log, tmp_path):
    arguments = ["data=sequences", f"data.path={small_log}", "data/cleaning=core5", "data/cleaning/edge=whole_log"]
    assert "the prepared data leak" in error_of(run("prepare", *arguments, cwd=tmp_path, status=1))
