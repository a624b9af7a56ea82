from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from seqmine.data.cleaning.sessions import GapSessions
from seqmine.data.engines.embedded import FileParts, PolarsEngine, count_keys, number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.splits import LeaveOneOut
from seqmine.structs import UserError

CONF = Path(__file__).resolve().parents[3] / "conf" / "data" / "cleaning"


def shop(num_users=60, num_events=1500, seed=0):
    """Events of a shop in no order of time, with repeats, a user who clicks like a machine, and rare items."""
    generator = np.random.default_rng(seed)
    users = generator.integers(0, num_users, num_events)
    items = (40 * generator.random(num_events) ** 2).astype(int)
    times = 10**9 + generator.integers(0, 50_000, num_events)
    users[:200], times[:200] = 3, 10**9 + np.arange(200) // 4
    kinds = np.array(["view", "cart", "buy"])[generator.integers(0, 3, num_events)]
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": times, "behavior": kinds})
    return pl.concat([frame, frame.head(50)]).cast({"user_id": pl.String, "item_id": pl.String})


def prepared(engine, path, name="standard"):
    """Return the audit without seconds, and everything that would be stored."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cleaning = instantiate(compose("standard" if name == "sessions" else name))
    if name == "sessions":
        cleaning.sessions = GapSessions(minutes=30)
    with engine.number(InteractionFiles(path=str(path)), path.parent) as log:
        cleaned, audit = cleaning.clean(log)
        data = prepare_sequences(cleaned, None, LeaveOneOut())
    rows = [{**asdict(row), "seconds": 0.0} for row in audit.rows]
    arrays = [data.log.items, data.log.offsets, data.log.timestamps, data.log.behaviors, data.test_items]
    names = [data.user_ids, data.catalog.item_ids, data.unseen_item_ids, data.log.behavior_names]
    return [audit.source, rows, names, [array.tolist() for array in arrays]]


@pytest.mark.parametrize("name", ["standard", "core5", "sessions", "buys"])
@pytest.mark.parametrize("part_events", [100, 400])
def test_the_size_of_parts_changes_nothing(tmp_path, name, part_events):
    shop().write_parquet(tmp_path / "log.parquet", row_group_size=200)
    whole = prepared(PolarsEngine(part_events=10**6), tmp_path / "log.parquet", name)
    assert prepared(PolarsEngine(part_events=part_events), tmp_path / "log.parquet", name) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["log.parquet"]


def test_keys_are_numbered_in_the_order_of_their_text():
    log = number_table(pl.DataFrame({"user_id": ["v", "u", "v"], "item_id": ["b", "a", "c"], "timestamp": [9, 1, 2]}))
    assert (log.user_ids.to_list(), log.item_ids.to_list()) == (["u", "v"], ["a", "b", "c"])
    assert log.parts.table["item_id"].to_list() == [0, 2, 1]
    assert count_keys(pl.LazyFrame({"k": ["2", "10", "2"]}), "k").rows() == [("10", 1), ("2", 2)]


def test_parts_in_files_are_rewritten_and_the_old_ones_deleted(tmp_path):
    pieces = [[tmp_path / "a", tmp_path / "b"], [tmp_path / "c"]]
    for number, path in enumerate([path for part in pieces for path in part]):
        pl.DataFrame({"n": [number]}).write_ipc(path)
    parts = FileParts(pieces, tmp_path).map(lambda part: part.select(pl.col("n") * 2))
    assert [part["n"].to_list() for part in parts.tables()] == [[0, 2], [4]]
    assert parts.gather(lambda part: part.select(pl.col("n").sum()))["n"].to_list() == [2, 4]
    assert len(list(tmp_path.iterdir())) == 2


def test_pages_damaged_on_the_way_are_named(tmp_path):
    class Damaged:
        def scan(self):
            raise pl.exceptions.ComputeError("page 7 is damaged")

        def explain(self, error):
            return UserError(f"one sentence: {error}")

    with pytest.raises(UserError, match="one sentence: page 7"):
        PolarsEngine(part_events=1).number(Damaged(), tmp_path).__enter__()


def test_a_part_has_events():
    with pytest.raises(UserError, match=r"part_events is 0, allowed are whole numbers from 1"):
        PolarsEngine(part_events=0)
