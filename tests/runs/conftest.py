"""A run of last month, and this month's log: two items are new, one is gone, and users went on."""

from pathlib import Path

import pytest

from tests.tiny import train

NEW, GONE = ("i29", "i30"), "gone"


@pytest.fixture(scope="session")
def newer_log(tmp_path_factory: pytest.TempPathFactory, small_log: Path) -> Path:
    """The whole log, and users whose last two events are of a new item."""
    path = tmp_path_factory.mktemp("newer") / "log.txt"
    late = [f"late{user} i26 i27 i28 i29 i29 i30" for user in range(5)]
    path.write_text(small_log.read_text() + "\n".join(late) + "\n")
    return path


@pytest.fixture(scope="session")
def older_log(tmp_path_factory: pytest.TempPathFactory, small_log: Path) -> Path:
    """The log before two of its items were there, with an item that is there no more."""
    lines = []
    for line in small_log.read_text().splitlines():
        user, *items = line.split()
        lines.append(" ".join([user, GONE, *(item for item in items if item not in NEW)]))
    path = tmp_path_factory.mktemp("older") / "log.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def older_run(tmp_path_factory: pytest.TempPathFactory, older_log: Path) -> Path:
    """A run on the older log."""
    return train(older_log, tmp_path_factory.mktemp("runs") / "older", "trainer.max_epochs=3", "scheduler=constant")
