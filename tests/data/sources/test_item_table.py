from seqmine.data.sources.sequences import SequenceFile
from seqmine.structs import Source


def write(folder, text):
    path = folder / "log.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_item_attributes_of_json_and_csv(tmp_path):
    (tmp_path / "items.json").write_text('{"a": [1, 2], "b": []}')
    (tmp_path / "items.csv").write_text('item_id,title,genres\na,"Up, |again",x|y\nb,Down,\n')
    log = write(tmp_path, "u a b\n")
    assert SequenceFile(path=log).item_features() is None
    json_table = SequenceFile(path=log, items_path=str(tmp_path / "items.json")).item_features()
    assert json_table.rows() == [("a", ["1", "2"]), ("b", [])]
    csv_table = SequenceFile(path=log, items_path=str(tmp_path / "items.csv")).item_features()
    assert csv_table.rows() == [("a", "Up, |again", ["x", "y"]), ("b", "Down", [])]
    assert isinstance(SequenceFile(path=log), Source)
