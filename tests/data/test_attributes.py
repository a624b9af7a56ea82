import numpy as np
import polars as pl
import pytest

from seqmine.data.attributes import Attributes, scale, with_attributes
from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut, UserHoldout
from seqmine.structs import UserError

TABLE = pl.DataFrame(
    {
        "item_id": ["a", "b", "c"],
        "brand": ["x", "y", ""],
        "genres": [["p", "q"], ["q"], None],
        "price": ["10", "30", None],
        "vector": [[1.0, 2.0], None, [3.0, 4.0]],
    }
)


def values_of(row: np.ndarray) -> set[int]:
    return {int(code) for code in row if code}


def test_values_are_numbered_together_and_missing_ones_have_no_number():
    found = Attributes(owner="item", categorical=["brand"], multi_valued=["genres"]).encode(
        TABLE, ["a", "b", "c", "unknown"], np.ones(4, dtype=bool)
    )
    rows = [values_of(row) for row in found.codes]
    assert found.num_codes == 4
    assert [len(row) for row in rows] == [3, 2, 0, 0]
    assert len(rows[0] & rows[1]) == 1  # the genre q
    assert found.codes.max() == 4
    assert found.num_values == 0


def test_the_same_word_in_two_columns_is_two_values():
    table = pl.DataFrame({"item_id": ["a"], "brand": ["x"], "color": ["x"]})
    found = Attributes(owner="item", categorical=["brand", "color"]).encode(table, ["a"], np.ones(1, dtype=bool))
    assert found.num_codes == len(values_of(found.codes[0])) == 2


def test_values_that_only_other_rows_have_are_not_known():
    found = Attributes(owner="item", categorical=["brand"], numeric=["price"]).encode(
        TABLE, ["a", "b"], np.array([True, False])
    )
    assert found.num_codes == 1
    assert found.codes.tolist() == [[1], [0]]
    assert found.values.tolist() == [[0.0], [20.0]]  # the mean of training, which has one row and no deviation


def test_numbers_and_vectors_stand_side_by_side():
    found = Attributes(owner="item", numeric=["price"], dense=["vector"]).encode(
        TABLE, ["a", "b", "c"], np.ones(3, dtype=bool)
    )
    assert found.values.tolist() == [[-1.0, 1.0, 2.0], [1.0, 0.0, 0.0], [0.0, 3.0, 4.0]]


def test_only_the_first_values_of_a_list_count():
    choice = Attributes(owner="item", multi_valued=["genres"], max_values=1)
    assert choice.encode(TABLE, ["a"], np.ones(1, dtype=bool)).codes.shape == (1, 1)


def test_a_matrix_belongs_to_the_rows_of_its_table(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,price\nb,1\na,2\n")
    np.save(tmp_path / "vectors.npy", np.array([[1, 2, 3], [4, 5, 6]]))
    choice = Attributes(owner="item", path=str(tmp_path / "items.csv"), vectors=str(tmp_path / "vectors.npy"))
    table = choice.read(pl.DataFrame({"item_id": ["a", "z"], "title": ["A", "Z"], "price": ["9", "9"]}))
    found = choice.encode(table, ["a", "b", "z"], np.ones(3, dtype=bool))
    assert found.values.tolist() == [[4, 5, 6], [1, 2, 3], [0, 0, 0]]
    assert dict(table.select("item_id", "title").iter_rows()) == {"a": "A", "z": "Z", "b": None}
    assert table.filter(pl.col("item_id") == "a")["price"].item() == "2"


def test_the_fingerprint_follows_the_content_and_the_choice(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,brand\na,x\n")
    first = Attributes(owner="item", path=str(path), categorical=["brand"]).fingerprint()
    other = Attributes(owner="item", path=str(path), multi_valued=["brand"]).fingerprint()
    path.write_text("item_id,brand\na,y\n")
    changed = Attributes(owner="item", path=str(path), categorical=["brand"]).fingerprint()
    assert len({first, other, changed}) == 3


def test_items_that_training_never_saw_are_read_by_what_it_knows():
    """Item d comes last of all: its brand is known from a, its color is new, and no scale comes from its price."""
    table = pl.DataFrame(
        {"item_id": ["d", "a", "b", "c"], "brand": ["x", "x", "y", "y"], "color": ["new", "r", "r", "r"], "price": [99.0, 1.0, 3.0, 3.0]}
    )  # fmt: skip
    rows = [("u", item) for item in "abcabd"]
    data = prepare_sequences(
        number_table(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")), table, LeaveOneOut()
    )
    choice = Attributes(owner="item", categorical=["brand", "color"], numeric=["price"])
    catalog = with_attributes(data, choice, Attributes(owner="user"), table).catalog
    known, unseen = catalog.attributes, catalog.unseen_attributes
    first = catalog.item_index["a"]
    assert data.unseen_item_ids == ["d"] and len(known) == 4
    assert values_of(unseen.codes[0]) < values_of(known.codes[first]) and len(values_of(unseen.codes[0])) == 1
    assert unseen.num_codes == known.num_codes == 3 and abs(known.values[1:].mean()) < 1e-6
    assert unseen.values[0, 0] > 50


def test_vocabularies_of_users_come_from_those_who_train(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("user_id,country\n" + "".join(f"u{user},land{user}\n" for user in range(20)))
    rows = [(f"u{user}", f"i{step}") for user in range(20) for step in range(4)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    data = prepare_sequences(number_table(events), None, UserHoldout(seed=0))
    users = Attributes(owner="user", path=str(path), categorical=["country"])
    found = with_attributes(data, Attributes(owner="item"), users, None)
    trained = data.split.train_stops > 0
    assert found.catalog.num_user_codes == trained.sum() == 16
    assert ((found.log.users.codes[:, 0] > 0) == trained).all()
    assert found.catalog.attributes is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"categorical": ["color"]}, r"'color' of items is chosen, and the table has item_id, brand"),
        ({"numeric": ["brand"]}, r"has 'brand', whose values are not all numbers; choose it as categorical"),
        ({"dense": ["brand"]}, r"has 'brand', which is no column of vectors"),
    ],
)
def test_a_column_that_does_not_fit_is_named(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        Attributes(owner="item", **settings).encode(TABLE, ["a"], np.ones(1, dtype=bool))


def test_impossible_settings_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"max_values is 0"):
        Attributes(owner="user", max_values=0)
    with pytest.raises(UserError, match="vectors is set without a table that names its rows; set path"):
        Attributes(owner="item", vectors="v.npy")
    with pytest.raises(UserError, match=r"there is no table of them; set data\.user_attributes\.path"):
        Attributes(owner="user", categorical=["age"]).encode(None, ["a"], np.ones(1, dtype=bool))
    (tmp_path / "items.csv").write_text("item_id,price\nb,1\na,2\n")
    for content, words in (
        (np.ones((3, 2)), "one row of numbers for each of the 2 rows"),
        (b"no matrix", "npy, no .npy matrix"),
    ):
        path = tmp_path / "vectors.npy"
        path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
        with pytest.raises(UserError, match=words):
            Attributes(owner="item", path=str(tmp_path / "items.csv"), vectors=str(path)).read(None)


def test_a_constant_number_says_nothing():
    assert scale(np.array([2.0, 2.0]), np.ones(2, dtype=bool)).tolist() == [0.0, 0.0]
