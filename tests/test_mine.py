import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from lightning.pytorch.loggers import WandbLogger

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.evidence import CountsAlone
from seqmine.mining.symbols import Projection
from seqmine.reporting.pattern_flow import draw_flow, stack_bands
from seqmine.reporting.pattern_loggers import log_patterns
from seqmine.reporting.patterns import pattern_frame, pattern_rows, rule_frame, show_patterns
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints
from tests.programs import error_of, run


@pytest.fixture
def shop():
    """Three users who view and buy, with the table of their patterns."""
    log = InteractionLog.from_lists([[1, 1, 2], [1, 1], [1, 2]])
    return replace(log, behaviors=np.array([1, 2, 1, 1, 2, 1, 1], np.uint8), behavior_names=["view", "buy"])


def judged(symbols):
    table = FrequentMiner(min_count=2).mine(symbols.log)
    return CountsAlone().judge(symbols.log, table, Constraints(), 2).table


def test_patterns_are_written_with_raw_keys_and_nulls(shop):
    symbols = Projection()(shop, ["lamp", "bulb"], {})
    frame = pl.from_arrow(pattern_frame(judged(symbols), symbols))
    assert frame["pattern"].to_list() == [["lamp"], ["lamp", "lamp"], ["lamp", "bulb"], ["bulb"]]
    assert frame["support_count"].to_list() == [3, 2, 2, 2]
    assert frame["behaviors"].is_null().all()
    assert frame["q_value"].is_null().all()
    assert frame["confidence"][0] is None
    assert frame["confidence"][2] == pytest.approx(2 / 3)


def test_rules_point_to_their_last_symbol(shop):
    symbols = Projection(with_behavior=True)(shop, ["lamp", "bulb"], {"title": ["Desk lamp", None]})
    rules = pl.from_arrow(rule_frame(judged(symbols), symbols))
    assert rules["antecedent"].to_list() == [["lamp"], ["lamp"]]
    assert rules["antecedent_behaviors"].to_list() == [["view"], ["view"]]
    assert list(zip(rules["consequent_behavior"], rules["consequent"], strict=True)) == [
        ("buy", "lamp"),
        ("view", "bulb"),
    ]
    assert rules["support_count"].to_list() == [2, 2]
    shown = [row["text"] for row in pattern_rows(judged(symbols), symbols, 10)]
    assert "view Desk lamp → buy Desk lamp" in shown
    assert "view Desk lamp → view bulb" in shown


def test_titles_are_no_markup(shop, capsys):
    symbols = Projection()(shop, ["1", "2"], {"title": ["[red]", "[/x]"]})
    show_patterns(judged(symbols), symbols, 5)
    assert "[red]" in capsys.readouterr().out


def test_the_table_leaves_half_of_a_narrow_terminal_to_the_patterns(shop, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    title = "a lamp of forty letters with a long name"
    symbols = Projection()(shop, ["1", "2"], {"title": [title, title]})
    table = judged(symbols)
    measures = dict.fromkeys(("holdout_lift", "later_lift", "q_value", "stability"), np.full(len(table), 1.23456e-10))
    show_patterns(table.with_columns(**measures), symbols, 5, ["12% of events share a moment."])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert any(title in line for line in lines)
    assert "…" not in "".join(lines)
    assert lines[-1] == "12% of events share a moment."


def test_bands_of_a_group_touch_and_do_not_overlap():
    begins, middles = stack_bands(["a", "b", "a", "c"], np.array([2.0, 1.0, 3.0, 1.0]))
    assert begins[2] == begins[0] + 2
    assert middles["a"] == 2.5
    assert begins[1] > 5


def test_the_picture_is_a_png(shop, tmp_path):
    symbols = Projection()(shop, ["1", "2"], {})
    table = judged(symbols)
    draw_flow(table.take(np.flatnonzero(table.lengths > 1)), lambda symbol: f"$item_{symbol}", tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")


class Recorded(WandbLogger):
    """Keeps what it is told."""

    def __init__(self):
        self.told = {}

    def log_table(self, key, columns=None, data=None):
        self.told[key] = [dict(zip(columns, row, strict=True)) for row in data]

    def log_metrics(self, metrics, step=None):
        self.told |= metrics

    def finalize(self, status):
        self.told["status"] = status


def test_loggers_get_tables_of_patterns_and_rules(shop):
    symbols, logger = Projection()(shop, ["lamp", "bulb"], {"title": ["Desk lamp", None]}), Recorded()
    report = {"num_patterns": 4, "tie_share": None, "seconds": {"mining": 1.0}}
    rule = judged(symbols).take(np.array([2]))
    log_patterns([logger], judged(symbols), symbols, report, {"unknown_to_model": rule})
    assert [row["pattern"] for row in logger.told["patterns"]][:2] == ["Desk lamp", "Desk lamp → Desk lamp"]
    assert logger.told["patterns"][0]["confidence"] is None
    assert logger.told["rules"][1]["consequent"] == "bulb"
    assert logger.told["rules"][1]["confidence"] == pytest.approx(2 / 3)
    assert logger.told["mine/num_patterns"] == 4
    assert [row["consequent"] for row in logger.told["unknown_to_model"]] == ["bulb"]
    assert set(logger.told) == {"patterns", "rules", "unknown_to_model", "mine/num_patterns", "status"}


def mine(tmp_path, *arguments, status=0):
    folder = tmp_path / "run"
    return run("mine", f"hydra.run.dir={folder}", f"paths.outputs={tmp_path}", *arguments, cwd=tmp_path, status=status)


def test_program_counts_every_event_of_a_file(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\nu3 c\nu4 a a\n")
    mine(
        tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "data.layout=user_per_line", "part=all",
        "evidence=none", "miner.min_count=2", "logger=csv",
    )  # fmt: skip
    folder = tmp_path / "run"
    frame = pl.read_parquet(folder / "patterns.parquet")
    found = {tuple(row["pattern"]): row["support_count"] for row in frame.iter_rows(named=True)}
    assert found == {
        ("a",): 3, ("b",): 2, ("c",): 3, ("a", "a"): 2, ("a", "c"): 2, ("b", "a"): 2, ("b", "c"): 2, ("b", "a", "c"): 2,
    }  # fmt: skip
    assert json.loads((folder / "pattern_report.json").read_text())["num_users"] == 4
    assert (folder / "rules.png").exists()


def test_program_names_a_part_that_does_not_exist(tmp_path):
    (tmp_path / "log.txt").write_text("u1 a b a c\nu2 b a c\n")
    done = mine(tmp_path, "data=sequences", f"data.path={tmp_path}/log.txt", "part=test", "logger=none", status=1)
    assert error_of(done) == "error: part is 'test', allowed are train and all; change part"


SHOP = """user_id,item_id,behavior,timestamp,
u1,lamp,view,0
u1,lamp,buy,50
u1,bulb,buy,51
u2,lamp,view,0
u2,lamp,buy,60
u2,bulb,buy,500
u3,bulb,view,0
u3,lamp,view,10
u3,lamp,buy,10
""".replace("timestamp,", "timestamp")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], {"view lamp": 3, "buy lamp": 3, "view lamp > buy lamp": 3, "buy bulb": 2, "buy lamp > buy bulb": 2}),
        (["miner.max_duration=60"], {"view lamp": 3, "view lamp > buy lamp": 3}),
        (["miner.max_duration=59"], {"view lamp > buy lamp": 2}),
        (["miner.strict_time=true"], {"view lamp": 3, "view lamp > buy lamp": 2}),
        (["must_contain=[buy bulb]"], {"buy bulb": 2, "buy lamp > buy bulb": 2, "view lamp > buy bulb": 2}),
        (["projection.behaviors=[buy]"], {"buy lamp": 3, "buy bulb": 2, "buy lamp > buy bulb": 2}),
        (["projection=attribute", "projection.attribute=brand"], {"Glow": 3, "Glow > Glow": 3, "Ray": 3}),
        (
            ["projection=attribute", "projection.attribute=brand", "projection.with_behavior=true"],
            {"view Glow": 3, "view Glow > buy Glow": 3},
        ),
    ],
    ids=str,
)
def test_program_mines_under_every_constraint_and_projection(settings, expected, tmp_path):
    (tmp_path / "shop.csv").write_text(SHOP)
    (tmp_path / "items.csv").write_text("item_id,brand\nlamp,Glow\nbulb,Ray\n")
    mine(
        tmp_path, "data=interactions", f"data.path={tmp_path}/shop.csv", f"data.items_path={tmp_path}/items.csv",
        "part=all", "evidence=none", "miner.min_count=2", "logger=none", "projection=item_behavior", *settings,
    )  # fmt: skip
    folder = tmp_path / "run"
    found = {}
    for row in pl.read_parquet(folder / "patterns.parquet").iter_rows(named=True):
        kinds = row["behaviors"] or [None] * len(row["pattern"])
        names = [key if kind is None else f"{kind} {key}" for kind, key in zip(kinds, row["pattern"], strict=True)]
        found[" > ".join(names)] = row["support_count"]
    assert expected.items() <= found.items()
    if "must_contain=[buy bulb]" in settings:
        assert all("buy bulb" in name for name in found)
    if "projection.behaviors=[buy]" in settings:
        assert not any("view" in name for name in found)
