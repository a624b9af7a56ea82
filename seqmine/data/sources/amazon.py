"""Item attributes of the Amazon reviews.

2014: Julian McAuley et al., "Image-based recommendations on styles and substitutes", SIGIR 2015.
2023: Yupeng Hou et al., "Bridging Language and Items for Retrieval and Recommendation", 2024.
"""

from pathlib import Path

import polars as pl

from seqmine.data.sources.json_lines import read_json_lines, read_python_lines


class AmazonItems2014:
    """A file ``meta_<category>.json.gz`` of 2014: Python dictionaries with nested lists of categories.

    Args:
        name: name of the file.
    """

    def __init__(self, *, name: str) -> None:
        self.name = name

    def read(self, path: Path) -> pl.DataFrame:
        """Return ``item_id``, ``title``, ``brand`` and the list ``categories``.

        Raises:
            UserError: the file is not in this format.
        """
        rows = read_python_lines(path, ["asin", "title", "brand", "categories"])
        # The first name of each branch is the store department itself, which all items of the file share.
        rows["categories"] = [
            list(dict.fromkeys(name for branch in branches or [] for name in branch[1:]))
            for branches in rows["categories"]
        ]
        texts = {name: pl.Series(rows[name], dtype=pl.String) for name in ("title", "brand")}
        categories = pl.Series(rows["categories"], dtype=pl.List(pl.String))
        return pl.DataFrame({"item_id": pl.Series(rows["asin"], dtype=pl.String), **texts, "categories": categories})


class AmazonItems2023:
    """A file ``meta_<category>.jsonl.gz`` of 2023.

    Args:
        name: name of the file.
    """

    def __init__(self, *, name: str) -> None:
        self.name = name

    def read(self, path: Path) -> pl.DataFrame:
        """Return ``item_id``, ``title``, ``store`` and the list ``categories``.

        Raises:
            UserError: the file is not in this format.
        """
        types = {"parent_asin": pl.String, "title": pl.String, "store": pl.String, "categories": pl.List(pl.String)}
        return read_json_lines(path, types).rename({"parent_asin": "item_id"})
