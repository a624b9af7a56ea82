"""Three scenes beyond the shop, as generated logs to try the commands of the README on.

    python examples/scenes.py <folder>

``search.csv``: people search, then click one of the five pages that belong to the query, seldom another one.
``posts.csv``: people view, like, comment and repost posts, and go from a topic to the next.
``people.csv``: people follow people, most often one that the one before follows too.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

Event = tuple[str, str, int, str]
_KINDS, _SHARES = ["like", "comment", "repost"], [0.7, 0.2, 0.1]
_USERS, _TOPICS, _PER_TOPIC = 200, 12, 5


def search(random: np.random.Generator) -> Iterator[Event]:
    """Yield queries, each with the click that follows."""
    for user in range(_USERS):
        time = 1_700_000_000
        for topic in random.permutation(_TOPICS)[:4]:
            page = topic * _PER_TOPIC + random.integers(_PER_TOPIC)
            if random.random() < 0.1:
                page = random.integers(_TOPICS * _PER_TOPIC)
            yield f"u{user}", f"how to {topic}", time, "search"
            yield f"u{user}", f"page {page}", time + 20, "click"
            time += int(random.integers(100, 90_000))


def posts(random: np.random.Generator) -> Iterator[Event]:
    """Yield two views and what is done with the first of the posts, topic by topic."""
    for user in range(_USERS):
        time, topic = 1_700_000_000, int(random.integers(_TOPICS))
        for _ in range(6):
            shown = topic * _PER_TOPIC + random.permutation(_PER_TOPIC)[:2]
            for post in shown:
                yield f"u{user}", f"post {post}", time, "view"
                time += int(random.integers(1, 60))
            yield (
                f"u{user}",
                f"post {shown[0]}",
                time,
                str(random.choice(_KINDS, p=_SHARES)),
            )
            topic, time = (topic + 1) % _TOPICS, time + 3600


def people(random: np.random.Generator) -> Iterator[Event]:
    """Yield who follows whom."""
    for user in range(_USERS):
        followed = int(random.integers(60))
        for step in range(6):
            yield f"@{user}", f"@star{followed}", 1_700_000_000 + step * 86_400, "follow"
            followed = (followed + 1) % 60 if random.random() < 0.8 else int(random.integers(60))


def write(folder: Path) -> None:
    """Write the three logs."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate((search, posts, people)):
        rows = [",".join(map(str, event)) for event in scene(np.random.default_rng(number))]
        (folder / f"{scene.__name__}.csv").write_text("\n".join(["user_id,item_id,timestamp,behavior", *rows]) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
