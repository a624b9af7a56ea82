"""Lists of other libraries for the test targets of a split of ours, as ``seqmine.judge`` takes them.

    python benchmarks/elsewhere.py knn lists.parquet data=ml-100k protocol=time_to_split ...
    python benchmarks/elsewhere.py sasrec lists.parquet data=ml-100k protocol=time_to_split ...
    python -m seqmine.judge recommendations=lists.parquet data=ml-100k protocol=time_to_split ...

RecTools 0.19 does not run with pandas 3, and asks for a NumPy that Arrow refuses; an environment that works, beside an
installed seqmine: pip install --no-deps rectools==0.19.0 "pandas<3" pytz "pm-implicit<0.8" pytorch-lightning==2.5.2
"attrs<24" typeguard pydantic fastrlock tqdm

``knn`` is the cosine kNN of implicit, ``sasrec`` the SASRec of RecTools (full softmax, 2 layers of size 64); both are
fitted on the training part alone and asked with the input of each target.
"""

import sys

import numpy as np
import polars as pl
from scipy import sparse

from seqmine.app.job import settings_of
from seqmine.data.sequences import PreparedData
from seqmine.runs.components import build

LENGTH = 100
EPOCHS = 40


def events_of(data: PreparedData) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the training events, and the input of each test target under the number of the target."""
    training, targets = data.training_log(), data.split.test
    inputs = data.log.take_users(targets.users).first_events(targets.input_stops)
    frames = []
    for log in (training, inputs):
        order = np.arange(log.num_events)
        frames.append(pl.DataFrame({"user": log.event_users, "item": log.items.astype(np.int64), "time": order}))
    return frames[0], frames[1]


def by_knn(training: pl.DataFrame, inputs: pl.DataFrame, shape: tuple[int, int]) -> pl.DataFrame:
    """Return the items of implicit's cosine kNN, seen ones left out."""
    from implicit.nearest_neighbours import CosineRecommender

    def table(events: pl.DataFrame, num_rows: int) -> sparse.csr_matrix:
        pairs = events.unique(["user", "item"])
        cells = (pairs["user"].to_numpy(), pairs["item"].to_numpy())
        return sparse.csr_matrix((np.ones(len(pairs), np.float32), cells), shape=(num_rows, shape[1]))

    model = CosineRecommender(K=200, num_threads=1)
    model.fit(table(training, int(training["user"].max()) + 1), show_progress=False)
    rows = table(inputs, shape[0])
    items, scores = model.recommend(np.arange(shape[0]), rows, N=LENGTH, filter_already_liked_items=True)
    target = np.repeat(np.arange(shape[0]), items.shape[1])
    found = pl.DataFrame({"user": target, "item": items.ravel().astype(np.int64), "score": scores.ravel()})
    return found.filter(pl.col("item") > 0, pl.col("score") > 0)


def by_sasrec(training: pl.DataFrame, inputs: pl.DataFrame, max_length: int) -> pl.DataFrame:
    """Return the items of RecTools' SASRec, seen ones left out."""
    import pandas as pd
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    def dataset(events: pl.DataFrame) -> Dataset:
        columns = {"user_id": events["user"].to_numpy(), "item_id": events["item"].to_numpy()}
        start = pd.Timestamp("2020-01-01")
        times = start + pd.to_timedelta(events["time"].to_numpy(), unit="s")
        return Dataset.construct(pd.DataFrame({**columns, "weight": 1.0, "datetime": times}))

    model = SASRecModel(
        n_factors=64, n_blocks=2, n_heads=1, session_max_len=max_length, epochs=EPOCHS, batch_size=16, lr=1e-3,
        loss="softmax", deterministic=True, recommend_torch_device="cpu", verbose=0,
    )  # fmt: skip
    model.fit(dataset(training))
    asked = inputs["user"].unique().to_numpy()
    found = model.recommend(asked, dataset(inputs), k=LENGTH, filter_viewed=True)
    columns = {"user": "user_id", "item": "item_id", "score": "score"}
    return pl.DataFrame({name: found[column].to_numpy() for name, column in columns.items()})


def main() -> None:
    """Write the lists of a library."""
    library, path, *overrides = sys.argv[1:]
    config = settings_of("train", overrides)
    data = build(config.data.module, []).prepared
    training, inputs = events_of(data)
    targets = data.split.test
    if library == "knn":
        lists = by_knn(training, inputs, (len(targets), data.catalog.num_items + 1))
    else:
        lists = by_sasrec(training, inputs, config.data.max_length)
    known = pl.Series(["", *data.catalog.item_ids])
    user_ids = pl.Series([data.user_ids[user] for user in targets.users.tolist()])
    lists.select(
        user_id=user_ids.gather(lists["user"]),
        position=pl.Series(targets.places).gather(lists["user"]),
        item_id=known.gather(lists["item"]),
        score="score",
    ).write_parquet(path)


if __name__ == "__main__":
    main()
