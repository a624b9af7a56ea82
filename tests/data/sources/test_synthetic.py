import numpy as np
import polars as pl
import pytest

from seqmine.data.sources.synthetic import Synthetic
from seqmine.structs import Source, UserError

SMALL = {
    "num_users": 400,
    "num_items": 120,
    "num_topics": 6,
    "num_patterns": 30,
    "pattern_rate": 0.4,
    "mean_length": 25,
    "repeat_share": 0.1,
    "noise_share": 0.1,
    "bot_share": 0.05,
    "seed": 3,
}


@pytest.fixture(scope="module")
def source():
    return Synthetic(**SMALL)


@pytest.fixture(scope="module")
def histories(source):
    frame = source.read()
    return {key: part for (key,), part in frame.group_by("user_id", maintain_order=True)}


def test_events_are_in_time_order_with_the_columns_of_a_source(source):
    frame = source.read()
    assert isinstance(source, Source)
    assert frame.schema == {
        "user_id": pl.String,
        "item_id": pl.String,
        "timestamp": pl.Int64,
        "behavior": pl.String,
    }
    assert frame["timestamp"].is_sorted()
    assert frame["user_id"].n_unique() == 400
    assert 20 <= len(frame) / 400 <= 35


def test_times_of_a_user_strictly_increase(histories):
    for part in histories.values():
        assert (part["timestamp"].diff().drop_nulls() > 0).all()


def test_an_item_is_viewed_then_put_in_the_cart_then_bought(histories):
    kinds = set()
    for part in histories.values():
        so_far: dict[str, list[str]] = {}
        for item, behavior in part.select("item_id", "behavior").iter_rows():
            before = so_far.setdefault(item, [])
            if not before:
                assert behavior == "view"
            if behavior == "buy":
                assert "cart" in before
                assert "buy" not in before
            before.append(behavior)
            kinds.add(behavior)
    assert kinds == {"view", "cart", "buy"}


def test_the_last_two_events_are_new_to_the_user_and_earlier_ones_repeat(histories):
    repeats = 0
    for part in histories.values():
        items = part["item_id"].to_list()
        assert items[-1] not in items[:-1]
        assert items[-2] not in items[:-2]
        repeats += len(items) - len(set(items))
    assert repeats > 0.1 * sum(len(part) for part in histories.values())


def test_popularity_has_a_long_tail(source):
    counts = source.read()["item_id"].value_counts()["count"].sort(descending=True)
    assert counts[:12].sum() > 0.3 * counts.sum()
    assert len(counts) > 110


def test_one_seed_is_one_world():
    assert Synthetic(**SMALL).read().equals(Synthetic(**SMALL).read())


@pytest.mark.parametrize("name", SMALL)
def test_every_argument_changes_data_and_fingerprint(source, name):
    changed = {
        "num_users": 401,
        "num_items": 121,
        "num_topics": 7,
        "num_patterns": 29,
        "pattern_rate": 0.5,
        "mean_length": 26,
        "repeat_share": 0.2,
        "noise_share": 0.2,
        "bot_share": 0.2,
        "seed": 4,
    }
    other = Synthetic(**{**SMALL, name: changed[name]})
    assert not other.read().equals(source.read())
    assert other.fingerprint() != source.fingerprint()
    assert Synthetic(**SMALL).fingerprint() == source.fingerprint()


def test_planted_patterns_are_frequent_in_their_order_alone(source, histories):
    patterns = source.patterns()
    assert len(set(patterns)) == 30
    consequents = {(first, second): last for first, second, last in patterns}

    def support(first, second, last):
        total = 0
        for part in histories.values():
            items = part["item_id"].to_list()
            total += any(
                items[a] == first and items[b] == second and items[c] == last
                for a in range(len(items))
                for b in range(a + 1, min(a + 4, len(items)))
                for c in range(b + 1, min(b + 4, len(items)))
            )
        return total

    planted = np.mean([support(*pattern) for pattern in patterns[:10]])
    reversed_pairs = np.mean([support(second, first, last) for first, second, last in patterns[:10]])
    assert planted > 8
    assert planted > 3 * reversed_pairs
    assert any((second, first) in consequents for first, second in consequents)


def test_features_give_each_item_a_topic_and_a_title(source):
    features = source.item_features()
    assert features["item_id"].to_list() == source.item_ids
    assert features["topic"].n_unique() == 6
    assert features["title"].n_unique() == 120
    topic, title = features.row(7)[2], features.row(7)[1]
    assert title.startswith(f"topic {topic} item ")


def test_the_oracle_gives_probabilities_in_the_order_of_the_columns(source):
    users, positions = source.user_ids[:40], np.arange(40) % 5
    scores = source.oracle_scores(users, positions, source.item_ids)
    assert scores.shape == (40, 120)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=2e-4)
    assert (scores >= 0).all()
    turned = source.oracle_scores(users, positions, source.item_ids[::-1][:50])
    np.testing.assert_array_equal(turned, scores[:, ::-1][:, :50])


def test_the_oracle_is_calibrated(source, histories):
    """Whatever happens with probability p happens in a share p of cases: at every position of many histories."""
    column = {item_id: number for number, item_id in enumerate(source.item_ids)}
    own, expected, variance = 0.0, 0.0, 0.0
    for back in range(1, 5):
        users = list(histories)
        positions = np.array([len(histories[user]) - back for user in users])
        scores = source.oracle_scores(users, positions, source.item_ids)
        came = [column[histories[user]["item_id"][int(at)]] for user, at in zip(users, positions, strict=True)]
        own += scores[np.arange(len(users)), came].sum()
        expected += (scores**2).sum()
        variance += ((scores**3).sum(axis=1) - (scores**2).sum(axis=1) ** 2).sum()
    assert abs(own - expected) < 4 * np.sqrt(variance)
    assert expected > 50


def test_after_a_planted_pair_the_consequent_is_most_likely(source, histories):
    triples = {(first, second): last for first, second, last in source.patterns()}
    symbols = {item for pair in triples for item in pair}
    tried = 0
    for user, part in histories.items():
        items = part["item_id"].to_list()
        for at in range(5, len(items) - 2):
            last = triples.get((items[at - 2], items[at - 1]))
            likely = source.oracle_scores([user], [at], source.item_ids)[0]
            # A symbol just before could make the first of the pair the second of another.
            undisturbed = not symbols & set(items[at - 5 : at - 2])
            if last and undisturbed and likely.max() > 0.3:
                tried += 1
                assert source.item_ids[int(likely.argmax())] == last
    assert tried > 30


def test_the_truth_is_the_rank_of_the_best_model_among_new_items(source, histories):
    truth = source.truth()
    assert len(truth) == 2 * 400
    for user, position, item, probability, rank in truth.head(60).iter_rows():
        items = histories[user]["item_id"].to_list()
        scores = source.oracle_scores([user], [position], source.item_ids)[0]
        allowed = [
            score
            for key, score in zip(source.item_ids, scores, strict=True)
            if key == item or key not in items[:position]
        ]
        assert items[position] == item
        assert rank == sum(score >= probability for score in allowed)


def test_bots_are_fast_and_random():
    crowd = Synthetic(**{**SMALL, "bot_share": 0.5, "num_users": 60})
    pauses = crowd.read().group_by("user_id").agg(pl.col("timestamp").diff().max().alias("longest"))["longest"]
    assert 15 < (pauses <= 2).sum() < 45


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"num_users": 0}, r"num_users is 0, but there must be at least 1"),
        ({"bot_share": 1.0}, r"bot_share is 1.0, but it is a share from 0 to below 1"),
        ({"mean_length": 3}, r"mean_length is 3, but the shortest is 5"),
        (
            {"num_items": 30},
            r"num_items is 30, but 30 patterns and 6 topics need at least 36; raise it",
        ),
    ],
)
def test_settings_out_of_range_are_named(changed, sentence):
    with pytest.raises(UserError, match=sentence):
        Synthetic(**{**SMALL, **changed})


def test_an_open_pattern_is_found_where_it_stands(source):
    first, second, third = source.patterns()[0]
    symbols = {key for triple in source.patterns() for key in triple[:2]}
    other, more = [key for key in source.item_ids if key not in symbols and key != third][:2]
    assert source.open_pattern([other, first, more, second, other]) == (1, 3, third)
    assert source.open_pattern([first, first, second]) == (0, 2, third)  # a symbol that comes again is a gap
    assert source.open_pattern([first, other, other, other, second]) is None  # given up
    assert source.open_pattern([first, second, third]) is None  # done
    assert source.open_pattern([first]) is None


def test_open_patterns_are_those_that_the_oracle_waits_for(source, histories):
    truth = source.truth()
    people = [key for key in source.user_ids[:120] if len(histories[key]) < 3 * SMALL["mean_length"]]
    waiting = 0
    for row in truth.filter(pl.col("user_id").is_in(people)).iter_rows(named=True):
        items = histories[row["user_id"]]["item_id"].to_list()[: row["position"]]
        found = source.open_pattern(items)
        if found is None or found[2] in items:  # no item comes twice at the end
            continue
        scores = source.oracle_scores([row["user_id"]], np.array([row["position"]]), source.item_ids)[0]
        waiting += source.item_ids[int(scores.argmax())] == found[2] and scores.max() > 0.5
    assert waiting > 10
