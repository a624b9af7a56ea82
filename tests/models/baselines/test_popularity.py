import numpy as np
import pytest

from seqmine.models.baselines.popularity import Popularity, RecentPopularity
from seqmine.structs import InteractionLog, UserError
from tests.models.baselines.small_logs import batch_of, log_of

DAY = 86_400


def test_the_most_frequent_item_is_first_for_everybody():
    model = Popularity()
    model.fit(log_of([[2, 2, 3], [2, 1]]), num_items=4)
    assert model.score(batch_of([[1], [3, 3]])).tolist() == [[0, 1, 3, 1, 0]] * 2


def test_the_last_days_decide_and_older_events_break_ties():
    times = np.array([0, 1, 2, 3, 20 * DAY, 21 * DAY])
    log = InteractionLog(np.array([1, 1, 1, 2, 3, 3], np.int32), np.array([0, 6]), timestamps=times)
    model = RecentPopularity(days=7)
    model.fit(log, num_items=4)
    scores = model.score(batch_of([[1]]))[0].tolist()
    assert scores[3] > scores[1] > scores[2] > scores[4]


def test_recent_popularity_needs_time():
    with pytest.raises(UserError, match=r"recent popularity needs timestamps and the data has none"):
        RecentPopularity().fit(log_of([[1]]), num_items=1)
    with pytest.raises(UserError, match=r"days is 0, allowed are numbers above 0"):
        RecentPopularity(days=0)
