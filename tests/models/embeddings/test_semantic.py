from dataclasses import replace

import polars as pl
import pytest
import torch

from seqmine.models.embeddings.semantic import SemanticItems
from seqmine.structs import Catalog, InteractionLog, UserError

CATALOG = replace(
    Catalog.of_size(4), training_log=lambda: InteractionLog.from_lists([[1, 2], [1, 2, 1], [3, 4], [4, 3], [2, 1]])
)
IDS = {"item_id": ["4", "2", "1", "3", "9"], "semantic_id": [[1, 1, 0], [0, 1, 0], [0, 1, 1], [2, 0, 0], [2, 2, 0]]}


def items(path=None, catalog=CATALOG, **settings):
    torch.manual_seed(0)
    return SemanticItems(
        catalog=catalog, embedding_dim=4, semantic_ids=path, **({"num_levels": 2, "num_codes": 3} | settings)
    )


@pytest.fixture
def path(tmp_path):
    pl.DataFrame(IDS).write_parquet(tmp_path / "ids.parquet")
    return str(tmp_path / "ids.parquet")


def test_vectors_are_sums_over_the_digits_of_the_file(path):
    table = items(path)
    assert table.trie.codes[1:].tolist() == [[0, 1, 1], [0, 1, 0], [2, 0, 0], [1, 1, 0]]
    digits = table.digits
    torch.testing.assert_close(table.vectors()[1], digits[0, 0] + digits[1, 1] + digits[2, 1])
    torch.testing.assert_close(table.vectors()[1] - table.vectors()[2], digits[2, 1] - digits[2, 0])
    nodes = table.trie.node_of(2, torch.tensor([1, 3]))
    torch.testing.assert_close(table.prefix(2, nodes)[1], (digits[0, 2] + digits[1, 0]) * 2)


def test_without_a_file_what_stands_together_shares_digits_and_a_finished_run_needs_neither():
    table = items(num_levels=1)
    codes = table.trie.codes[1:, 0].tolist()
    assert codes[0] == codes[1] != codes[2] == codes[3]
    finished = items("gone.parquet", catalog=Catalog.of_size(4), num_levels=1, num_codes=4)
    finished = items("gone.parquet", catalog=Catalog.of_size(3), num_levels=1)
    assert finished.trie.codes[1:].tolist() == [[0, 0], [1, 0], [2, 0]]


@pytest.mark.parametrize(
    ("change", "settings", "sentence"),
    [
        ({}, {"num_levels": 3}, r"num_levels is 3, and semantic_ids has ids of 3 digits, .* set num_levels=2"),
        ({}, {"num_codes": 2}, r"num_codes is 2, and an id has the digit 2; raise"),
        ({"item_id": ["4", "2", "1", "x", "9"]}, {}, r"which has no id for 1 of 4 items of the log"),
        ({"item_id": None}, {}, r"(?s)which cannot be read .* name that of seqmine.tokenize"),
    ],
)
def test_ids_that_do_not_fit_are_told(tmp_path, change, settings, sentence):
    columns = {name: values for name, values in (IDS | change).items() if values is not None}
    pl.DataFrame(columns).write_parquet(tmp_path / "ids.parquet")
    with pytest.raises(UserError, match=sentence):
        items(str(tmp_path / "ids.parquet"), **settings)
