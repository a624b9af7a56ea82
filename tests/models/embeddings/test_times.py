import datetime
from itertools import pairwise

import pytest
import torch

from seqmine.models.embeddings.times import SessionEmbedding, gaps_before, hour_and_weekday, places_in_session
from seqmine.structs import Catalog, UserError


def test_hours_and_weekdays_are_those_of_the_calendar():
    times = torch.randint(0, 2_000_000_000, (1, 200), generator=torch.Generator().manual_seed(0))
    hours, weekdays = hour_and_weekday(times)
    moments = [datetime.datetime.fromtimestamp(time, datetime.UTC) for time in times[0].tolist()]
    assert hours[0].tolist() == [moment.hour for moment in moments]
    assert weekdays[0].tolist() == [moment.weekday() for moment in moments]


def test_places_equal_those_of_a_loop():
    gaps = torch.randint(0, 100, (5, 30), generator=torch.Generator().manual_seed(0))
    times = gaps.cumsum(1)
    expected = []
    for row in times.tolist():
        places = [0]
        for before, now in pairwise(row):
            places.append(places[-1] + 1 if now - before <= 50 else 0)
        expected.append(places)
    assert places_in_session(times, 50).tolist() == expected


def test_the_first_event_has_no_gap():
    assert gaps_before(torch.tensor([[100, 100, 160]])).tolist() == [[-1, 0, 60]]


@pytest.mark.parametrize("settings", [{"minutes": 0, "num_places": 4}, {"minutes": 60, "num_places": 1}])
def test_sessions_without_borders_are_refused(settings):
    with pytest.raises(UserError, match="minutes is .* and num_places .*, allowed are whole numbers"):
        SessionEmbedding(embedding_dim=4, catalog=Catalog.of_size(2), **settings)
