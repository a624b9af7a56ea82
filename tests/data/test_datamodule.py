import pytest

from seqmine.data.cleaning.edges import WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.single_events import ExactDuplicates
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.engines.embedded import PolarsEngine
from seqmine.data.sources.sequences import SequenceFile
from seqmine.data.sources.synthetic import Synthetic
from seqmine.data.splits import LeaveLastK, LeaveOneOut
from seqmine.data.windows import LatestWindow
from seqmine.structs import UserError

ENGINE = PolarsEngine(part_events=500)


def datamodule(path, store, split=None, **changes) -> SequenceDataModule:
    settings = {"max_length": 8, "batch_size": 16, "eval_batch_size": 32, "seen": "full", "seed": 0} | changes
    return SequenceDataModule(
        source=SequenceFile(path=str(path)),
        engine=ENGINE,
        cleaning=Cleaning(steps=[], edge=WholeLog()),
        split=split or LeaveOneOut(),
        windows=LatestWindow(),
        store=str(store),
        **settings,
    )


def test_all_parts_serve_batches_of_the_same_catalog(small_log, tmp_path):
    data = datamodule(small_log, tmp_path)
    assert data.catalog.num_items <= 30
    assert sum(len(batch) for batch in data.train_dataloader()) == 200
    assert (
        sum(len(batch) for batch in data.val_dataloader()) == sum(len(batch) for batch in data.test_dataloader()) == 200
    )


def test_a_store_is_reused_only_when_content_and_split_match(small_log, tmp_path):
    first = datamodule(small_log, tmp_path / "store")
    first.prepare_data()
    written = (first.folder / "items.npy").stat().st_mtime_ns
    datamodule(small_log, tmp_path / "store").prepare_data()
    assert (first.folder / "items.npy").stat().st_mtime_ns == written
    changed = tmp_path / "changed.txt"
    changed.write_text(small_log.read_text() + "new i1 i2 i3 i4\n")
    folders = {
        first.folder,
        datamodule(small_log, tmp_path / "store", split=LeaveLastK(k=2)).folder,
        datamodule(changed, tmp_path / "store").folder,
    }
    assert len(folders) == 3


def test_test_input_holds_the_validation_item(small_log, tmp_path):
    data = datamodule(small_log, tmp_path)
    val = {int(b.user_index[row]): int(b.last_targets[row]) for b in data.val_dataloader() for row in range(len(b))}
    for batch in data.test_dataloader():
        for row in range(len(batch)):
            assert batch.items[row, batch.lengths[row] - 1] == val[int(batch.user_index[row])]


@pytest.mark.parametrize("name", ["max_length", "batch_size", "eval_batch_size"])
def test_sizes_below_one_are_refused(small_log, tmp_path, name):
    with pytest.raises(UserError, match=rf"data\.{name} is 0, allowed are whole numbers from 1; change data\.{name}"):
        datamodule(small_log, tmp_path, **{name: 0})


def test_a_log_without_known_truth_has_no_ceiling(small_log, tmp_path):
    assert datamodule(small_log, tmp_path).ceilings("test") == {}


def test_a_cleaned_log_has_no_ceiling(tmp_path):
    """The truth of a generated user is told by a position, and cleaning moves positions."""
    source = Synthetic(num_users=20, num_items=30, num_topics=2, num_patterns=2, pattern_rate=0.4, mean_length=8,
                       repeat_share=0.1, noise_share=0.05, bot_share=0.0, seed=1)  # fmt: skip
    settings = {"engine": ENGINE, "split": LeaveOneOut(), "windows": LatestWindow(), "max_length": 8, "batch_size": 16,
                "eval_batch_size": 32, "seen": "full", "seed": 0, "store": str(tmp_path)}  # fmt: skip
    whole = SequenceDataModule(source=source, cleaning=Cleaning(steps=[], edge=WholeLog()), **settings)
    cleaned = SequenceDataModule(
        source=source, cleaning=Cleaning(steps=[ExactDuplicates()], edge=WholeLog()), **settings
    )
    assert list(whole.ceilings("test")) == ["ceiling/"]
    assert cleaned.ceilings("test") == {}
