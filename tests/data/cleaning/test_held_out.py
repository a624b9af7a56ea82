import numpy as np
import polars as pl

from seqmine.data.cleaning.held_out import HeldOutItems


def log():
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {"user_id": random.integers(0, 50, 5000), "item_id": random.integers(0, 400, 5000).astype(np.uint32)}
    )


def kept(**settings):
    return HeldOutItems(**({"share": 0.1, "num_last": 2, "seed": 0} | settings))(log().lazy()).collect()


def test_items_are_held_out_of_all_but_the_last_events():
    events = log()
    last = events.with_row_index().group_by("user_id").tail(2).sort("index").drop("index")
    before = (
        events.with_row_index()
        .filter(~pl.col("index").is_in(events.with_row_index().group_by("user_id").tail(2)["index"].to_list()))
        .drop("index")
    )
    held_out = set(before["item_id"]) - set(kept(num_last=0)["item_id"])
    assert 20 <= len(held_out) <= 60
    expected = pl.concat([before.filter(~pl.col("item_id").is_in(list(held_out))), last])
    assert kept().sort("user_id", "item_id").equals(expected.sort("user_id", "item_id"))
    for user, part in kept().group_by("user_id"):
        assert part["item_id"].tail(2).to_list() == events.filter(user_id=user[0])["item_id"].tail(2).to_list()


def test_the_seed_and_the_share_choose_the_items():
    first, again, other = kept(), kept(), kept(seed=1)
    assert first.equals(again) and not first.equals(other)
    assert len(kept(share=0.5)) < 0.7 * len(log())
