from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.splits import Split, Targets
from seqmine.serving.recommendations import Histories, histories_of, recommend_to, write_recommendations
from seqmine.structs import Catalog, InteractionLog, UserError


class Constant(nn.Module):
    """Scores item i with i."""

    def score(self, batch):
        return torch.arange(7.0).repeat(len(batch), 1)


CATALOG = Catalog.of_size(6)
LOG = InteractionLog.from_lists([[6, 5], [1, 2, 3]])
HISTORIES = Histories(LOG, ["a", "b"], Targets(np.array([0, 1]), np.array([2, 3])), max_length=1)


@pytest.mark.parametrize(("seen", "first"), [("full", ["4", "3", "6", "5"]), ("window", ["6", "4", "6", "5"])])
def test_lists_leave_out_what_the_protocol_says(seen, first):
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, top_k=2, batch_size=1, seen=seen))
    assert [item for frame in frames for item in frame["item_id"]] == first
    assert frames[0]["rank"].to_list() == [1, 2]


def test_items_that_are_no_candidates_never_fill_a_list():
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, top_k=6, batch_size=2, seen="full"))
    assert frames[0].group_by("user_id").len().sort("user_id")["len"].to_list() == [4, 3]


def test_lists_of_one_user_are_told_apart_by_position(tmp_path):
    """Only where a user has several; an event that the histories leave out counts."""
    ends = Targets(np.array([1, 1, 0]), np.array([1, 2, 2]), left_out=np.array([0, 5, 0]))
    several = Histories(LOG, ["a", "b"], ends, max_length=3)
    lists = recommend_to(Constant(), CATALOG, several, top_k=1, batch_size=2, seen="none")
    config = OmegaConf.create({"output": str(tmp_path / "lists.parquet")})
    write_recommendations(lists, config)
    rows = pl.read_parquet(tmp_path / "lists.parquet")
    assert rows.select("user_id", "position").rows() == [("b", 1), ("b", 7), ("a", 2)]
    (frame,) = recommend_to(Constant(), CATALOG, HISTORIES, top_k=1, batch_size=2, seen="none")
    assert "position" not in frame.columns


def test_lists_longer_than_the_catalog_are_refused():
    with pytest.raises(UserError, match="top_k is 7, allowed are 1 to 6, the size of the catalog; change top_k"):
        next(recommend_to(Constant(), CATALOG, HISTORIES, top_k=7, batch_size=1, seen="full"))


def test_behaviors_and_items_of_a_file_have_the_numbers_of_the_run(tmp_path):
    """In the file "buy" comes first and "hover" is a kind that the run does not know; columns are those of the run."""
    path = tmp_path / "new.csv"
    path.write_text("customer,item_id,timestamp,behavior\nu,2,1,buy\nu,1,2,view\nu,mars,3,view\nu,3,4,hover\n")
    catalog = replace(CATALOG, behaviors=["view", "buy"])
    data = SimpleNamespace(
        periods=None, target_behavior="buy", max_length=8, source=InteractionFiles(path="log.csv", user_id="customer")
    )
    found = histories_of(OmegaConf.create({"input": str(path), "history": "full"}), data, catalog)
    assert found.log.items.tolist() == [2, 1, 3]
    assert found.log.behaviors.tolist() == [2, 1, 0]
    assert found.log.behavior_number("buy") == 2
    assert found.seen_behavior == 2
    assert (list(found.user_ids), found.ends.positions.tolist()) == (["u"], [3])


def run_of(log, catalog):
    """Return the configuration and the data module of a run on a log, whose test targets are the last events."""
    everyone = np.arange(log.num_users)
    split = Split(log.lengths - 2, Targets(everyone, log.lengths - 2), Targets(everyone, log.lengths - 1))
    prepared = SimpleNamespace(log=log, catalog=catalog, split=split, user_ids=[f"u{user}" for user in everyone])
    config = OmegaConf.create({"input": None, "history": "test"})
    return config, SimpleNamespace(periods=None, target_behavior=None, max_length=8, prepared=prepared)


def test_histories_end_before_the_test_target_where_they_are_asked_to():
    log = InteractionLog.from_lists([[6, 5, 4], [1, 2, 3]])
    config, data = run_of(log, CATALOG)
    for history, lengths, first in (("test", [2, 2], ["4", "3"]), ("full", [3, 3], ["3", "2"])):
        config.history = history
        histories = histories_of(config, data, CATALOG)
        assert histories.ends.positions.tolist() == lengths
        lists = recommend_to(Constant(), CATALOG, histories, top_k=2, batch_size=2, seen="full")
        assert next(lists)["item_id"].to_list()[:2] == first


class Clock(Constant):
    """Reads times."""

    columns = ("timestamps",)

    def score(self, batch):
        self.asked = batch
        return super().score(batch)


def test_a_model_has_what_it_reads_and_lists_what_was_only_viewed():
    log = InteractionLog.from_lists([[6, 5, 4]])
    log = replace(log, timestamps=np.array([7, 8, 9]), behaviors=np.array([1, 2, 1], np.uint8),
                  behavior_names=["view", "buy"])  # fmt: skip
    histories = Histories(log, ["a"], Targets(np.array([0]), np.array([3])), max_length=8, seen_behavior=2)
    clock = Clock()
    frame = next(recommend_to(clock, CATALOG, histories, top_k=3, batch_size=1, seen="full"))
    assert frame["item_id"].to_list() == ["6", "4", "3"], "5 was bought"
    assert clock.asked.timestamps[0, :3].tolist() == [7, 8, 9]
