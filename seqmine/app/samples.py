"""A few lists of a finished training, for its dashboard."""

import numpy as np
import polars as pl

from seqmine.data.datamodule import SequenceDataModule
from seqmine.runs.restore import Model
from seqmine.serving.histories import run_histories
from seqmine.serving.recommendations import ListSettings, recommend_to

_LISTS, _ITEMS = 10, 5


def sample_lists(model: Model, datamodule: SequenceDataModule) -> pl.DataFrame:
    """Return what a model recommends before the first test targets, with titles where the catalog has them.

    Args:
        model: trained.
        datamodule: of the model.

    Returns:
        A row an item of a list; users by the number that they have in the log, not by their keys.
    """
    histories = run_histories(datamodule, "test")
    some = histories.take(np.arange(min(_LISTS, len(histories))))
    settings = ListSettings(min(_ITEMS, datamodule.catalog.num_items), _LISTS, datamodule.seen)
    lists = pl.concat(recommend_to(model.eval(), datamodule.catalog, some, settings))
    numbers = {some.user_ids[user]: user for user in some.ends.users.tolist()}
    return lists.select(pl.col("user_id").replace_strict(numbers).alias("user"), pl.exclude("user_id"))
