from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from seqmine.data.batching import Batching
from seqmine.data.cleaning.core import KCore
from seqmine.data.cleaning.edges import AllButLast, TrainingEdge, WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.single_events import ExactDuplicates
from seqmine.data.collate import MaskedItemCollate
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.features import Features
from seqmine.data.leakage import LeakReport
from seqmine.data.preparation import prepare_into
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.sequences import SequenceFile
from seqmine.data.sources.synthetic import Synthetic
from seqmine.data.splits import LeaveLastK, LeaveOneOut, Splitter
from seqmine.data.windows import LatestWindow, PrefixWindows, SlidingWindows, Windows
from seqmine.structs import UserError, columns_read

CLEAN = LeakReport(())


def datamodule(path, store, split=None, **changes) -> SequenceDataModule:
    settings = {
        "max_length": 8,
        "batching": Batching(batch_size=16, eval_batch_size=32),
        "seen": "full",
        "seed": 0,
    } | changes
    return SequenceDataModule(
        source=SequenceFile(path=str(path)),
        cleaning=Cleaning(steps=[], edge=WholeLog()),
        split=split or LeaveOneOut(),
        store=str(store),
        **({"windows": LatestWindow()} | settings),
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


@pytest.mark.parametrize("name", ["max_length"])
def test_sizes_below_one_are_refused(small_log, tmp_path, name):
    with pytest.raises(UserError, match=rf"{name} is 0, allowed are whole numbers from 1"):
        datamodule(small_log, tmp_path, **{name: 0})


def test_a_log_without_known_truth_has_no_ceiling(small_log, tmp_path):
    assert datamodule(small_log, tmp_path).ceilings() == {}


def test_a_cleaned_log_has_no_ceiling(tmp_path):
    """The truth of a generated user is told by a position, and cleaning moves positions."""
    source = Synthetic(num_users=20, num_items=30, num_topics=2, num_patterns=2, pattern_rate=0.4, mean_length=8,
                       repeat_share=0.1, noise_share=0.05, bot_share=0.0, seed=1)  # fmt: skip
    settings = {"split": LeaveOneOut(), "windows": LatestWindow(), "max_length": 8, "batching": Batching(batch_size=16, eval_batch_size=32), "seen": "full", "seed": 0, "store": str(tmp_path)}  # fmt: skip
    whole = SequenceDataModule(source=source, cleaning=Cleaning(steps=[], edge=WholeLog()), **settings)
    cleaned = SequenceDataModule(
        source=source, cleaning=Cleaning(steps=[ExactDuplicates()], edge=WholeLog()), **settings
    )
    assert list(whole.ceilings()) == ["ceiling/"]
    assert cleaned.ceilings() == {}


def shop_file(path, num_users=40):
    """Users who view an item and its neighbor and then buy it, five times."""
    lines = ["user_id,item_id,timestamp,behavior"]
    for user in range(num_users):
        for step in range(5):
            item = (user + 3 * step) % 15
            lines += [f"u{user},i{item + k},{100 * step + k},{'buy' if k == 2 else 'view'}" for k in (1, 0, 2)]
    path.write_text("\n".join(lines) + "\n")
    return path


def shop(path, store, **changes) -> SequenceDataModule:
    settings = {
        "max_length": 8,
        "batching": Batching(batch_size=16, eval_batch_size=32),
        "seen": "full",
        "seed": 0,
    } | changes
    return SequenceDataModule(
        source=InteractionFiles(path=str(shop_file(path))), cleaning=Cleaning(steps=[], edge=WholeLog()),
        split=LeaveOneOut(), store=str(store), **({"windows": LatestWindow()} | settings),
    )  # fmt: skip


class IntoTheTest:
    """Trains on whole histories, targets included."""

    def choose(self, offsets, train_stops, max_length, generator):
        users = np.flatnonzero(train_stops >= 2)
        return Windows(users, offsets[users], offsets[users + 1], offsets[users] + 1)


def test_windows_that_leak_are_refused_though_the_store_exists(small_log, tmp_path):
    clean = datamodule(small_log, tmp_path)
    clean.prepare_data()
    written = (clean.folder / "items.npy").stat().st_mtime_ns
    for _ in range(2):  # the verdict is kept and refuses again
        leaky = datamodule(small_log, tmp_path, windows=IntoTheTest())
        with pytest.raises(UserError, match="the prepared data leak: training sequences stay inside training"):
            _ = leaky.catalog
        assert leaky.folder == clean.folder
    assert (clean.folder / "items.npy").stat().st_mtime_ns == written
    clean.prepare_data()


@pytest.mark.parametrize("change", [{"windows": PrefixWindows()}, {"max_length": 5}, {"seed": 3}, {"task": partial(MaskedItemCollate, mask_share=0.2, last_share=0.1, augmentations={})}, {"batching": Batching(batch_size=4, eval_batch_size=4)}])  # fmt: skip
def test_leaks_are_looked_for_once_for_all_that_the_verdict_depends_on(small_log, tmp_path, change, monkeypatch):
    looked = []
    monkeypatch.setattr("seqmine.data.datamodule.find_leaks", lambda *_, **settings: looked.append(settings) or CLEAN)
    for _ in range(2):
        datamodule(small_log, tmp_path).prepare_data()
    assert len(looked) == 1
    for _ in range(2):
        datamodule(small_log, tmp_path, **change).prepare_data()
    assert len(looked) == (1 if "batching" in change else 2)


def test_two_processes_that_prepare_one_log_agree(small_log, tmp_path):
    """Both find no store; one comes second, and finds that store and verdict are there."""
    first, second = datamodule(small_log, tmp_path), datamodule(small_log, tmp_path)
    for data in (second, first):
        prepare_into(data.folder, data.source, data.cleaning, data.split, data.features)
    for data in (first, second):
        data.prepare_data()
        assert data.leaks().passed
    assert len({path.name for path in (first.folder / "leaks").iterdir()} - {"files.json"}) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_ties_and_what_cleaning_takes_out_are_told_once_a_run(tmp_path, caplog):
    path = tmp_path / "log.csv"
    rows = [
        f"u{user},i{(user + step) % 9},{1_500_000_000 + 100 * (step - step % 2)}"
        for user in range(20)
        for step in range(8)
    ]
    path.write_text("user_id,item_id,timestamp\n" + "\n".join([*rows, *rows[:2]]) + "\n")
    for _ in range(2):  # also when the store is there already
        data = SequenceDataModule(
            source=InteractionFiles(path=str(path)), cleaning=Cleaning(steps=[ExactDuplicates()], edge=WholeLog()),
            split=LeaveOneOut(), windows=LatestWindow(), max_length=8, batching=Batching(batch_size=16, eval_batch_size=32),
            seen="full", seed=0, store=str(tmp_path / "store"),
        )  # fmt: skip
        caplog.clear()
        data.prepare_data()
        _ = data.catalog
        _ = data.catalog
        told = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert len(told) == 2
        assert told[0].startswith("cleaning takes 2 of 162 events out (1.2%): ExactDuplicates() 2; left are 20 of 20")
        assert told[1].startswith("times define the order: not so, 57.1% of events have the time of the event before")


def test_a_target_behavior_is_what_all_parts_predict(tmp_path):
    data = shop(tmp_path / "log.csv", tmp_path / "store", features=Features(target_behavior="buy"))
    log = data.prepared.log
    buys = set(log.items[log.behaviors == log.behavior_number("buy")].tolist())
    assert data.folder != shop(tmp_path / "log.csv", tmp_path / "store").folder
    for batch in data.train_dataloader():
        assert (batch.targets > 0).any(1).all()
        assert set(batch.targets[batch.targets > 0].tolist()) <= buys
    for loader, bought_before in ((data.val_dataloader(), 3), (data.test_dataloader(), 4)):
        batches = list(loader)
        assert sum(map(len, batches)) == 40
        assert sum(len(batch.seen_items) for batch in batches) == 40 * bought_before


@pytest.mark.parametrize("windows", [LatestWindow(), SlidingWindows(stride=2), PrefixWindows()])
@pytest.mark.parametrize("behavior", [None, "buy"])
def test_the_catalog_counts_the_targets_of_an_epoch(windows, behavior, tmp_path):
    features = Features(target_behavior=behavior)
    data = shop(tmp_path / "log.csv", tmp_path / "store", windows=windows, features=features, max_length=3)
    asked = torch.cat([batch.targets.flatten() for batch in data.train_dataloader()])
    expected = torch.bincount(asked, minlength=data.catalog.num_items + 1)
    expected[0] = 0
    assert data.catalog.target_counts.tolist() == expected.tolist()
    assert not torch.equal(expected, data.catalog.train_counts)


class Clock(nn.Module):
    columns = ("timestamps", "ratings")


def test_batches_hold_what_the_model_reads(tmp_path):
    data = shop(tmp_path / "log.csv", tmp_path / "store")
    assert next(iter(data.train_dataloader())).timestamps is None
    data.reader = Clock()  # without a trainer
    assert next(iter(data.val_dataloader())).timestamps is not None
    data.reader = None
    assert columns_read(nn.Sequential(nn.ReLU(), Clock())) == {"timestamps", "ratings"}
    device = SimpleNamespace(root_device=SimpleNamespace(type="cpu"))
    data.trainer = SimpleNamespace(
        lightning_module=Clock(), strategy=device, global_rank=0, world_size=1, current_epoch=0,
        fit_loop=SimpleNamespace(
            epoch_loop=SimpleNamespace(batch_progress=SimpleNamespace(current=SimpleNamespace(processed=0)))
        ),
    )  # fmt: skip
    for loader in (data.train_dataloader(), data.val_dataloader()):
        batch = next(iter(loader))
        assert batch.timestamps is not None
        assert batch.behaviors is None
        assert batch.ratings is None  # the log has none


def test_a_store_is_made_anew_for_other_cleaning_and_for_another_edge(small_log, tmp_path):
    def folder(*steps, edge):
        data = datamodule(small_log, tmp_path)
        data.cleaning = Cleaning(steps=list(steps), edge=edge)
        return data.folder

    one, two = (KCore(min_user_events=events, min_item_events=1) for events in (2, 3))
    last, more = AllButLast(num_events=1), AllButLast(num_events=2)
    folders = [folder(edge=last), folder(one, edge=last), folder(two, edge=last), folder(one, edge=more)]
    assert len(set(folders)) == 4
    assert folder(one, edge=AllButLast(num_events=1)) == folders[1]


@pytest.mark.parametrize(("seen", "window"), [("full", False), ("window", True)])
def test_what_was_seen_is_what_the_protocol_says(seen, window, small_log, tmp_path):
    """Inputs of two events, of histories of up to eleven."""
    batches = list(datamodule(small_log, tmp_path, seen=seen, max_length=2).test_dataloader())
    most = max(int(torch.bincount(batch.seen_rows).max()) for batch in batches)
    assert (most == 2) if window else (most > 5)
    for batch in datamodule(small_log, tmp_path, seen="none").test_dataloader():
        assert batch.seen_items is None


def test_validation_and_test_have_targets_of_their_own(small_log, tmp_path):
    data = datamodule(small_log, tmp_path)
    of = {line.split()[0]: line.split()[1:] for line in small_log.read_text().splitlines()}
    for loader, place in ((data.val_dataloader(), -2), (data.test_dataloader(), -1)):
        for batch in loader:
            for user, target in zip(batch.user_index.tolist(), batch.last_targets.tolist(), strict=True):
                assert data.prepared.item_id(target) == of[data.prepared.user_ids[user]][place]


class AllButTheLastThree(TrainingEdge):
    def mark(self, events):
        return AllButLast(num_events=3).mark(events)

    def counted_stops(self, log, lengths):
        return AllButLast(num_events=3).counted_stops(log, lengths)


class LastEventTests(Splitter):
    def split(self, log):
        return LeaveOneOut().split(log)


def test_an_edge_and_a_split_of_a_users_own_are_prepared_and_read_again(small_log, tmp_path):
    def fresh():
        data = datamodule(small_log, tmp_path / "store", split=LastEventTests())
        data.cleaning = Cleaning(steps=[KCore(min_user_events=1, min_item_events=2)], edge=AllButTheLastThree())
        return data

    first, again = fresh(), fresh()
    assert len(first.prepared.split.test) == 200
    assert first.folder == again.folder
    assert isinstance(again.audit().edge, AllButTheLastThree)
    assert again.audit().rows[0].looks_at == "training events"
    assert again.leaks().passed
