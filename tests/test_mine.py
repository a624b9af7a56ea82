import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from seqmine.mining.constraints import Constraints
from seqmine.mining.evidence import CountsAlone
from seqmine.mining.miners import FrequentMiner
from seqmine.mining.projection import project_item_behaviors, project_items
from seqmine.pattern_flow import draw_flow, stack_bands
from seqmine.pattern_results import Names, pattern_frame, pattern_rows, rule_frame, show_patterns
from seqmine.structs import InteractionLog


@pytest.fixture
def shop():
    """Three users who view and buy, with the table of their patterns."""
    log = InteractionLog.from_lists([[1, 1, 2], [1, 1], [1, 2]])
    return replace(log, behaviors=np.array([1, 2, 1, 1, 2, 1, 1], np.uint8), behavior_names=["view", "buy"])


def judged(symbols):
    table = FrequentMiner(min_count=2).mine(symbols.log)
    return CountsAlone().judge(symbols.log, table, Constraints(), 2).table


def test_patterns_are_written_with_raw_keys_and_nulls(shop):
    symbols = project_items(replace(shop, behaviors=None))
    frame = pl.from_arrow(pattern_frame(judged(symbols), Names(symbols, ["lamp", "bulb"], [])))
    assert frame["pattern"].to_list() == [["lamp"], ["lamp", "lamp"], ["lamp", "bulb"], ["bulb"]]
    assert frame["support_count"].to_list() == [3, 2, 2, 2]
    assert frame["behaviors"].is_null().all()
    assert frame["q_value"].is_null().all()
    assert frame["confidence"][0] is None
    assert frame["confidence"][2] == pytest.approx(2 / 3)


def test_rules_point_to_their_last_symbol(shop):
    symbols = project_item_behaviors(shop)
    names = Names(symbols, ["lamp", "bulb"], ["Desk lamp", None])
    rules = pl.from_arrow(rule_frame(judged(symbols), names))
    assert rules["antecedent"].to_list() == [["lamp"], ["lamp"]]
    assert rules["antecedent_behaviors"].to_list() == [["view"], ["view"]]
    assert list(zip(rules["consequent_behavior"], rules["consequent"], strict=True)) == [
        ("buy", "lamp"),
        ("view", "bulb"),
    ]
    assert rules["support_count"].to_list() == [2, 2]
    shown = [row["text"] for row in pattern_rows(judged(symbols), names, 10)]
    assert "view Desk lamp → buy Desk lamp" in shown
    assert "view Desk lamp → view bulb" in shown


def test_titles_are_no_markup(shop, capsys):
    symbols = project_items(replace(shop, behaviors=None))
    show_patterns(judged(symbols), Names(symbols, ["1", "2"], ["[red]", "[/x]"]), 5)
    assert "[red]" in capsys.readouterr().out


def test_bands_of_a_group_touch_and_do_not_overlap():
    begins, middles = stack_bands(["a", "b", "a", "c"], np.array([2.0, 1.0, 3.0, 1.0]))
    assert begins[2] == begins[0] + 2
    assert middles["a"] == 2.5
    assert begins[1] > 5


def test_the_picture_is_a_png(shop, tmp_path):
    symbols = project_items(replace(shop, behaviors=None))
    table = judged(symbols)
    draw_flow(table.take(np.flatnonzero(table.lengths > 1)), lambda symbol: f"$item_{symbol}", tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")


def run(tmp_path, *arguments):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "seqmine.mine", f"hydra.run.dir={folder}", f"paths.outputs={tmp_path}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False), folder


def test_program_counts_every_event_of_a_file(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\nu3 c\nu4 a a\n")
    done, folder = run(
        tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "data.layout=user_per_line", "part=all",
        "evidence=none", "miner.min_count=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(folder / "patterns.parquet")
    found = {tuple(row["pattern"]): row["support_count"] for row in frame.iter_rows(named=True)}
    assert found == {
        ("a",): 3, ("b",): 2, ("c",): 3, ("a", "a"): 2, ("a", "c"): 2, ("b", "a"): 2, ("b", "c"): 2, ("b", "a", "c"): 2,
    }  # fmt: skip
    assert json.loads((folder / "pattern_report.json").read_text())["num_users"] == 4
    assert (folder / "rules.png").exists()


def test_program_names_a_part_that_does_not_exist(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\n")
    done, _ = run(tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "part=test")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: part is 'test', allowed are train and all; change part"
