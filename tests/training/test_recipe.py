import pytest

from seqmine.structs import InteractionLog
from seqmine.training.recipe import LogCounts, Recipe, dropout, num_sequences

RECIPE = Recipe(min_steps=4000, min_epochs=40)


def counts(**changed) -> LogCounts:
    return LogCounts(
        **{"num_events": 10_000, "num_users": 1000, "num_items": 500, "median_length": 8.0, "returning_share": 0.0}
        | changed
    )


def test_users_of_one_event_are_no_users_of_the_counts():
    """Half of the users with two events or more have one of three or fewer."""
    log = InteractionLog.from_lists([[1], [1], [1], [1, 2], [1, 2, 1], [2, 1, 3, 3, 1, 2]])
    found = LogCounts.of(log, 9)
    assert (found.num_events, found.num_users, found.num_items, found.median_length) == (14, 3, 9, 3.0)
    assert found.returning_share == pytest.approx(4 / 8)


def test_an_empty_log_has_settings_too():
    found = LogCounts.of(InteractionLog.from_lists([[1], [2]]), 2)
    sizes = RECIPE.sizes(found)
    assert (sizes["max_length"], sizes["batch_size"]) == (50, 16)
    assert RECIPE.epochs(found, 25, 16) == 4000


@pytest.mark.parametrize(("median", "length"), [(0, 50), (50, 50), (51, 100), (100, 100), (101, 200), (9000, 200)])
def test_half_of_the_histories_fit_into_an_input(median, length):
    sizes = RECIPE.sizes(counts(median_length=median))
    assert (sizes["max_length"], sizes["stride"]) == (length, length // 2)


@pytest.mark.parametrize(("events", "width"), [(499_999, 64), (500_000, 128)])
def test_large_logs_have_wide_vectors(events, width):
    assert RECIPE.sizes(counts(num_events=events))["embedding_dim"] == width


def test_dropout_falls_with_the_events_of_an_item():
    shares = [dropout(events) for events in (0, 20, 30, 50, 100, 200, 10**6)]
    assert shares == [0.5, 0.5, 0.45, 0.4, 0.35, 0.25, 0.25]
    assert RECIPE.sizes(counts(num_events=5000, num_items=100))["dropout"] == 0.4
    assert RECIPE.sizes(counts(num_items=0))["dropout"] == 0.25


@pytest.mark.parametrize(("users", "batch_size"), [(10, 16), (1400, 16), (1500, 32), (4096, 64), (10**6, 128)])
def test_an_epoch_has_about_64_batches_while_they_are_neither_tiny_nor_huge(users, batch_size):
    assert RECIPE.sizes(counts(num_users=users, num_events=2 * users))["batch_size"] == batch_size


@pytest.mark.parametrize(("share", "monitor"), [(0.0, "val/ndcg@10"), (0.05, "val/ndcg@10"), (0.051, "val/loss")])
def test_where_people_come_back_the_loss_chooses_the_epoch(share, monitor):
    assert RECIPE.sizes(counts(returning_share=share))["monitor"] == monitor


def test_long_histories_are_several_sequences():
    assert num_sequences(counts(num_users=10, num_events=1000), 25) == 40
    assert num_sequences(counts(num_users=100, num_events=1000), 25) == 100


def test_small_logs_have_as_many_steps_as_others():
    """Whatever batches were typed; a log of enough batches has the fewest epochs."""
    assert RECIPE.epochs(counts(num_users=1000), 25, 16) == 64
    assert RECIPE.epochs(counts(num_users=1000), 25, 100) == 400
    assert RECIPE.epochs(counts(num_users=1600), 25, 16) == 40
    assert RECIPE.epochs(counts(num_users=10**6), 25, 16) == 40
    assert Recipe(min_steps=4000, min_epochs=3).epochs(counts(num_users=10**6), 25, 16) == 3
