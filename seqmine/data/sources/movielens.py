"""MovieLens 100K, whose genres are 19 columns of 0 and 1, and which also goes round as files of RecBole.

F. Maxwell Harper and Joseph A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

from pathlib import Path

import polars as pl

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.published import PublishedLog
from seqmine.data.sources.tables import open_published

GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
_COLUMNS = ("item_id", "title", "released", "video_released", "address", *GENRES)


class MovieLens100KItems:
    """The file ``u.item``.

    Args:
        name: name of the file.
    """

    def __init__(self, *, name: str = "u.item") -> None:
        self.name = name

    def read(self, path: Path) -> pl.DataFrame:
        """Return ``item_id``, ``title`` and the list ``genres``.

        Raises:
            UserError: the file is not in this format.
        """
        frame = open_published(path, "|", _COLUMNS, "latin-1").read(_COLUMNS)
        flags = [pl.when(pl.col(genre) == "1").then(pl.lit(genre)) for genre in GENRES]
        return frame.select("item_id", "title", genres=pl.concat_list(flags).list.drop_nulls())


class MovieLens100K:
    """MovieLens 100K in either of its two forms: the same events in the same order.

    Args:
        published: the files of GroupLens, downloaded when neither form is there.
        interactions: name of the events as RecBole writes them; taken when the files of GroupLens are not there.
        items: name of the item attributes as RecBole writes them.
    """

    def __init__(self, *, published: PublishedLog, interactions: str, items: str) -> None:
        self.published = published
        self.interactions = interactions
        self.items = items

    def read(self) -> pl.DataFrame:
        """Return the events in file order.

        Raises:
            UserError: a file cannot be found, downloaded or read.
        """
        return self._source().read()

    def item_features(self) -> pl.DataFrame | None:
        """Return title and genres, or None where their file is not there."""
        return self._source().item_features()

    def fingerprint(self) -> str:
        """Return a hash of the content of the files and of how they are read."""
        return self._source().fingerprint()

    def _source(self) -> PublishedLog | InteractionFiles:
        find = self.published.publication.find
        events = find(self.interactions)
        if events is None or find(self.published.tables[0].name) is not None:
            return self.published
        items = find(self.items)
        return InteractionFiles(path=str(events), items_path=None if items is None else str(items))
