import gzip
from pathlib import Path

import pytest

from seqmine.structs import InteractionLog

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def read_lines(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with gzip.open(path, "rt") as lines:
        return [list(map(int, line.split())) for line in lines]


@pytest.fixture(scope="session")
def beauty():
    return InteractionLog.from_lists([row[1:] for row in read_lines("beauty.txt.gz")])


@pytest.fixture(scope="session")
def movielens():
    histories = {}
    for user, item in read_lines("ml-1m.txt.gz"):
        histories.setdefault(user, []).append(item)
    return InteractionLog.from_lists(histories.values())
