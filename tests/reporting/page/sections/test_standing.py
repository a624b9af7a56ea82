import shutil

import pytest

from tests.pages import page_subject, writer


def test_the_model_stands_among_its_baselines_and_is_tested(subject):
    table, chart, tests = writer(subject, "standing")(subject)
    assert table.rows[table.strong][0] == "tiny"
    assert {row[0] for row in table.rows} == {"tiny", "markov", "ngram", "popularity"}
    rows = writer(subject, "standing")._intervals(subject)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows) and chart.kind == "chart"
    by_name = {row[0]: row for row in tests.rows}
    popular = subject.metrics["baseline/popularity/test/ndcg@10"] - subject.metrics["test/ndcg@10"]
    assert by_name["popularity"][1] == pytest.approx(popular)
    assert "tiny" not in by_name


def test_a_run_of_an_earlier_version_says_how_to_get_the_ranks(page_folder, tmp_path):
    shutil.copytree(page_folder, tmp_path / "run")
    for name in ("baselines_per_user.parquet", "files.json"):  # which listed no files then
        (tmp_path / "run" / name).unlink()
    subject = page_subject(tmp_path / "run")
    table, note = writer(subject, "standing")(subject)
    assert len(table.rows) == 4 and "seqmine.evaluate run=<run>" in note.text
