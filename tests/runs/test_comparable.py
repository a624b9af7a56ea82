import logging

import pytest
from omegaconf import OmegaConf

from seqmine.runs.comparable import find_runs, group_rows, require_one_protocol
from seqmine.structs import UserError
from tests.finished import FREE, finished_run, ranks_of


def test_runs_that_differ_by_seed_and_place_are_one_row(tmp_path):
    for number, seed in enumerate([3, 1, 2]):
        finished_run(tmp_path / f"run{number}", ranks=ranks_of(seed), seed=seed)
    (row,) = group_rows(find_runs([str(tmp_path / "*")]), FREE)
    assert row.name == "net"
    assert [run.seed for run in row.runs] == [1, 2, 3]


@pytest.mark.parametrize("pattern", ["lr[1]", "*", "lr[[]1]", "lr[[]?]"])
def test_a_folder_with_brackets_is_found_by_its_name_and_by_a_glob(pattern, tmp_path, monkeypatch):
    finished_run(tmp_path / "all [old]" / "lr[1]", ranks=ranks_of(0))
    monkeypatch.chdir(tmp_path)
    for folder in ("all [old]", str(tmp_path / "all [old]"), "all*"):
        (run,) = find_runs([f"{folder}/{pattern}"]) if folder != "all*" or pattern != "lr[1]" else find_runs(["all*/*"])
        assert run.folder.name == "lr[1]"


def test_brackets_that_name_no_folder_are_a_glob(tmp_path):
    for number, seed in enumerate([1, 2, 3]):
        finished_run(tmp_path / f"run{number}", ranks=ranks_of(seed), seed=seed)
    assert [run.folder.name for run in find_runs([str(tmp_path / "run[02]")])] == ["run0", "run2"]


def test_rows_of_one_name_are_told_apart_by_what_differs(tmp_path):
    finished_run(tmp_path / "a", ranks=ranks_of(0), dropout=0.1)
    finished_run(tmp_path / "b", ranks=ranks_of(1), dropout=0.2)
    finished_run(tmp_path / "c", ranks=ranks_of(2), dropout=0.3, name="other")
    rows = group_rows(find_runs([str(tmp_path / "*")]), FREE)
    assert [row.name for row in rows] == ["net dropout=0.1", "net dropout=0.2", "other"]


def test_a_free_setting_decides_what_is_a_row(tmp_path):
    finished_run(tmp_path / "a", ranks=ranks_of(0), seed=1, dropout=0.1)
    finished_run(tmp_path / "b", ranks=ranks_of(1), seed=2, dropout=0.2)
    runs = find_runs([str(tmp_path / "*")])
    assert len(group_rows(runs, FREE)) == 2
    assert len(group_rows(runs, [*FREE, "model.encoder"])) == 1
    assert len(group_rows(runs, [*FREE, "model.enc"])) == 2, "the beginning of a name is not the name"


def test_a_seed_that_ran_twice_is_told(tmp_path):
    for name in "ab":
        finished_run(tmp_path / name, ranks=ranks_of(0))
    with pytest.raises(UserError, match=r"a' and .*b' have the same settings and the same seed 1; leave one"):
        group_rows(find_runs([str(tmp_path / "*")]), FREE)


def test_an_evaluation_belongs_to_the_row_of_its_run(tmp_path):
    run = finished_run(tmp_path / "runs" / "a", ranks=ranks_of(0), seed=1)
    finished_run(tmp_path / "runs" / "b", ranks=ranks_of(1), seed=2)
    again = finished_run(tmp_path / "again" / "a", ranks=ranks_of(0), seed=1, protocol={"seen": "none"})
    asked = {"program": "evaluate", "run": str(run), "evaluation": {"seen": "none"}, "paths": {"run": str(again)}}
    OmegaConf.save(OmegaConf.create(asked), again / ".hydra" / "config.yaml")
    first, other = find_runs([str(tmp_path / "again" / "*"), str(tmp_path / "runs" / "b")])
    assert len(group_rows([first, other], FREE)) == 1
    with pytest.raises(UserError, match=r"seen is none in \S+again/a and full in \S+runs/b; narrow runs"):
        require_one_protocol([first, other])


def corrected(folder, run, alpha):
    """Write an evaluation of a run that patterns correct."""
    both = finished_run(folder, ranks=ranks_of(1))
    asked = {"program": "evaluate", "run": str(run), "rerank": {"_target_": "Patterns", "alpha": alpha, "eps": 0.1}}
    OmegaConf.save(OmegaConf.create(asked), both / ".hydra" / "config.yaml")


def test_an_evaluation_corrected_by_patterns_is_a_row_of_its_own(tmp_path):
    run = finished_run(tmp_path / "a", ranks=ranks_of(0))
    corrected(tmp_path / "b", run, None)
    rows = group_rows(find_runs([str(tmp_path / "*")]), FREE)
    assert [row.name for row in rows] == ["net", "net rerank=Patterns"]
    corrected(tmp_path / "c", run, 0.5)
    rows = group_rows(find_runs([str(tmp_path / "*")]), FREE)
    assert [row.name for row in rows] == ["net", "net rerank=Patterns alpha=None", "net rerank=Patterns alpha=0.5"]


@pytest.mark.parametrize(
    ("protocol", "alike"),
    [
        ({"data_fingerprint": "other"}, False),
        ({"ties": "mean"}, False),
        ({"split": "GlobalTime"}, False),
        ({"max_length": 99}, True),
        ({"chosen_by": "val/mrr@10"}, True),
    ],
)
def test_what_must_agree_and_what_need_not(tmp_path, protocol, alike):
    finished_run(tmp_path / "a", ranks=ranks_of(0))
    finished_run(tmp_path / "b", ranks=ranks_of(1), seed=2, protocol=protocol)
    runs = find_runs([str(tmp_path / "*")])
    if alike:
        require_one_protocol(runs)
    else:
        with pytest.raises(UserError, match=rf"{next(iter(protocol))} is .* in \S+a and .* in \S+b"):
            require_one_protocol(runs)


def test_the_input_length_matters_where_it_decides_the_candidates(tmp_path):
    for name, length in (("a", 8), ("b", 9)):
        finished_run(tmp_path / name, ranks=ranks_of(0), protocol={"seen": "window", "max_length": length})
    with pytest.raises(UserError, match=r"max_length is 8 in \S+a and 9 in \S+b"):
        require_one_protocol(find_runs([str(tmp_path / "*")]))


def test_unfinished_runs_are_named_and_left_out(tmp_path, caplog):
    finished_run(tmp_path / "a", ranks=ranks_of(0))
    (finished_run(tmp_path / "b", ranks=ranks_of(1)) / "metrics.json").unlink()
    (tmp_path / "notes.txt").write_text("no run")
    with caplog.at_level(logging.WARNING):
        runs = find_runs([str(tmp_path / "*")])
    assert [run.folder.name for run in runs] == ["a"]
    assert "1 matching folders hold no finished run and are left out: b" in caplog.text


def test_nothing_to_find_and_nothing_to_pair_are_told(tmp_path):
    with pytest.raises(UserError, match="matches no finished run among 0 paths; set runs"):
        find_runs([str(tmp_path / "*")])
    (finished_run(tmp_path / "a", ranks=ranks_of(0)) / "per_user.parquet").unlink()
    with pytest.raises(UserError, match=r"a' has no per_user.parquet, which paired tests need"):
        find_runs([str(tmp_path / "*")])
