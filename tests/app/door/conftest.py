"""A log that was prepared from a table, and two runs on it, made once for all tests of the Python interface."""

import polars as pl
import pytest

import seqmine as sm

SMALL = ["model.embedding_dim=16", "optimizer.lr=0.01", "scheduler=constant", "baselines=none", "data.max_length=8"]


@pytest.fixture(scope="package")
def data(small_log, tmp_path_factory):
    rows = [
        (user, item, step)
        for user, *items in (line.split() for line in small_log.read_text().splitlines())
        for step, item in enumerate(items)
    ]
    frame = pl.DataFrame(rows, schema=["customer", "sku", "time"], orient="row")
    outputs = tmp_path_factory.mktemp("door")
    return sm.prepare(frame, user="customer", item="sku", time="time", outputs=outputs)


@pytest.fixture(scope="package")
def counted(data):
    return sm.train(data, model="markov", overrides=["baselines=none"])


@pytest.fixture(scope="package")
def run(data):
    return sm.train(data, model="gru", epochs=4, seed=3, overrides=SMALL)
