from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from seqmine.data.targets import Targets
from seqmine.serving.histories import Histories
from seqmine.serving.recommendations import ListSettings, recommend_to
from seqmine.structs import Catalog, InteractionLog, UserError
from tests.listing import Listing


class Constant(nn.Module):
    """Scores item i with i."""

    def score(self, batch):
        return torch.arange(7.0).repeat(len(batch), 1)


CATALOG = Catalog.of_size(6)
LOG = InteractionLog.from_lists([[6, 5], [1, 2, 3]])
HISTORIES = Histories(LOG, ["a", "b"], Targets(np.array([0, 1]), np.array([2, 3])), max_length=1)


@pytest.mark.parametrize(("seen", "first"), [("full", ["4", "3", "6", "5"]), ("window", ["6", "4", "6", "5"])])
def test_lists_leave_out_what_the_protocol_says(seen, first):
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, ListSettings(2, 1, seen)))
    assert [item for frame in frames for item in frame["item_id"]] == first
    assert frames[0]["rank"].to_list() == [1, 2]


def test_items_that_are_no_candidates_never_fill_a_list():
    frames = list(recommend_to(Constant(), CATALOG, HISTORIES, ListSettings(6, 2, "full")))
    assert frames[0].group_by("user_id").len().sort("user_id")["len"].to_list() == [4, 3]


def test_lists_of_one_user_are_told_apart_by_position():
    """Only where a user has several, also in another part; an event that the histories leave out counts."""
    ends = Targets(np.array([1, 1, 0]), np.array([1, 2, 2]), left_out=np.array([0, 5, 0]))
    several = Histories(LOG, ["a", "b"], ends, max_length=3)
    settings = ListSettings(1, 2, "none")
    rows = pl.concat(recommend_to(Constant(), CATALOG, several, settings))
    assert rows.select("user_id", "position").rows() == [("b", 1), ("b", 7), ("a", 2)]
    (frame,) = recommend_to(Constant(), CATALOG, several.alone(np.array([2])), settings)
    assert frame["position"].to_list() == [2]
    (frame,) = recommend_to(Constant(), CATALOG, HISTORIES, settings)
    assert frame.columns == ["user_id", "rank", "item_id", "score"]


def test_items_outside_of_the_allowed_ones_are_in_no_list():
    """Beside what each user had."""
    allowed = np.isin(np.arange(7), [1, 4, 5])
    (frame,) = recommend_to(Constant(), CATALOG, replace(HISTORIES, allowed=allowed), ListSettings(3, 2, "full"))
    assert frame.select("user_id", "rank", "item_id").rows() == [
        ("a", 1, "4"), ("a", 2, "1"), ("b", 1, "5"), ("b", 2, "4"),
    ]  # fmt: skip


def test_probabilities_are_over_the_candidates_of_the_user():
    (raw,) = recommend_to(Constant(), CATALOG, HISTORIES, ListSettings(6, 2, "full"))
    (told,) = recommend_to(Constant(), CATALOG, HISTORIES, ListSettings(2, 2, "full", scores="probability"))
    expected = torch.tensor(raw["score"].to_list()[:4]).softmax(0).tolist()
    assert told["score"].to_list()[:2] == pytest.approx(expected[:2]), "also of those that the list leaves out"


def test_users_without_a_known_item_get_the_most_frequent_ones_and_the_rows_say_so():
    log = InteractionLog.from_lists([[], [1]])
    catalog = replace(CATALOG, train_counts=torch.tensor([0, 1, 1, 5, 1, 2, 0]), features={"title": list("ABCDEF")})
    histories = Histories(log, ["new", "old"], Targets(np.array([0, 1]), np.array([0, 1])), max_length=2)
    (frame,) = recommend_to(Constant(), catalog, histories, ListSettings(2, 2, "full", fallback="popularity"))
    assert frame.select("user_id", "item_id", "title", "fallback").rows() == [
        ("new", "3", "C", True), ("new", "5", "E", True), ("old", "6", "F", False), ("old", "5", "E", False),
    ]  # fmt: skip
    assert frame["score"][0] == pytest.approx(np.log(0.5))


def test_words_that_are_no_choice_are_refused():
    with pytest.raises(UserError, match="scores is 'percent', allowed are raw, probability"):
        ListSettings(1, 1, "full", scores="percent")
    with pytest.raises(UserError, match="fallback is 'luck', allowed are none, popularity"):
        ListSettings(1, 1, "full", fallback="luck")
    with pytest.raises(UserError, match="batch_size is 0, allowed are whole numbers from 1"):
        ListSettings(1, 0, "full")


def test_lists_longer_than_the_catalog_are_refused():
    with pytest.raises(UserError, match="top_k is 7, allowed are 1 to 6, the size of the catalog; change top_k"):
        next(recommend_to(Constant(), CATALOG, HISTORIES, ListSettings(7, 1, "full")))


@pytest.mark.parametrize("seen", ["full", "window", "none"])
@pytest.mark.parametrize("fallback", ["none", "popularity"])
@pytest.mark.parametrize("allowed", [None, np.isin(np.arange(7), [1, 4, 5])], ids=["all", "some"])
def test_a_model_that_names_items_delivers_the_lists_of_its_scores(seen, fallback, allowed):
    log = InteractionLog.from_lists([[6, 5], [], [1, 2, 3]])
    ends = Targets(np.arange(3), np.array([2, 0, 3]))
    histories = Histories(log, ["a", "new", "b"], ends, max_length=1, allowed=allowed)
    catalog = replace(CATALOG, train_counts=torch.tensor([0, 1, 1, 5, 1, 2, 3]))
    settings = ListSettings(4, 2, seen, fallback=fallback)
    scored, named = (
        pl.concat(recommend_to(one, catalog, histories, settings)) for one in (Constant(), Listing(Constant()))
    )
    assert named.equals(scored) and len(named) >= 6


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (ListSettings(4, 1, "full"), "top_k is 4, allowed are 1 to 3, the longest list of the model; change top_k"),
        (
            ListSettings(2, 1, "full", scores="probability"),
            "scores is 'probability', but the model names its best items",
        ),
    ],
)
def test_what_a_model_that_names_items_cannot_deliver_is_refused(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        next(recommend_to(Listing(Constant(), longest_list=3), CATALOG, HISTORIES, settings))


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
    histories = Histories(log, ["a"], Targets(np.array([0]), np.array([3])), max_length=8, seen_behaviors=[2])
    clock = Clock()
    frame = next(recommend_to(clock, CATALOG, histories, ListSettings(3, 1, "full")))
    assert frame["item_id"].to_list() == ["6", "4", "3"], "5 was bought"
    assert clock.asked.timestamps[0, :3].tolist() == [7, 8, 9]
