import functools
import importlib.util

import pytest

from seqmine.data.collate import MaskedItemCollate, NextItemCollate
from seqmine.data.leakage import LeakCheck, LeakReport
from seqmine.data.leakage.verdict import kept_verdict, verdict_key
from seqmine.data.windows import LatestWindow, SlidingWindows
from seqmine.structs.places import Place

GOOD = LeakReport((LeakCheck("order", True, ""),))
BAD = LeakReport((LeakCheck("order", False, "3 events"),))


class Looks:
    """Finds one verdict after the other."""

    def __init__(self, *found):
        self.found, self.count = list(found), 0

    def __call__(self):
        self.count += 1
        return self.found.pop(0)


def test_a_verdict_that_passed_is_looked_for_once_a_key(tmp_path):
    look = Looks(GOOD, GOOD)
    for length in (50, 50, 20, 50, 20):
        assert kept_verdict(tmp_path / "leaks", {"max_length": length}, look) == GOOD
    assert look.count == 2
    assert len(list((tmp_path / "leaks").glob("*.json"))) == 2 + 1  # and their checksums


def test_a_verdict_that_is_not_as_it_was_written_is_looked_for_again(tmp_path):
    look = Looks(GOOD, GOOD, GOOD)
    path = tmp_path / f"{verdict_key({})}.json"
    for spoil in (lambda text: text, lambda text: text.replace("order", "ardor"), lambda text: text[:9]):
        assert kept_verdict(tmp_path, {}, look) == GOOD
        path.write_text(spoil(path.read_text()))
    (tmp_path / "files.json").unlink()
    assert kept_verdict(tmp_path, {}, look) == GOOD
    assert look.count == 3


def test_a_verdict_that_failed_is_looked_for_again(tmp_path):
    look = Looks(BAD, BAD, GOOD)
    assert [kept_verdict(tmp_path, {"seed": 1}, look).passed for _ in range(4)] == [False, False, True, True]
    assert look.count == 3


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, caplog):
    (tmp_path / "leaks").write_text("a file where the folder should be")
    assert kept_verdict(tmp_path / "leaks", {}, Looks(GOOD)) == GOOD
    assert "cannot be kept" in caplog.text


def task(**settings):
    return functools.partial(NextItemCollate, **settings)


@pytest.mark.parametrize(
    "other",
    [
        {"windows": SlidingWindows(stride=3)},
        {"windows": LatestWindow()},
        {"max_length": 9},
        {"seed": 2},
        {"target_behavior": "buy"},
        {"task": functools.partial(MaskedItemCollate, augmentations={})},
        {"task": task(augmentations={"crop": object()})},
    ],
)
def test_the_key_differs_in_all_that_training_differs_in(other):
    usual = {"windows": SlidingWindows(stride=2), "max_length": 8, "seed": 1, "task": task(augmentations={})}
    assert verdict_key(usual) == verdict_key({**usual, "windows": SlidingWindows(stride=2)})
    assert verdict_key(usual) != verdict_key({**usual, **other})


def test_the_key_is_that_of_the_component_wherever_it_stands():
    one, other = (SlidingWindows(stride=5) for _ in range(2))
    object.__setattr__(other, "_place", Place("data.windows", {}))
    assert verdict_key({"windows": one}) == verdict_key({"windows": other})


def test_the_key_differs_when_the_code_of_a_component_is_edited(tmp_path):
    def key(body):
        path = tmp_path / "mine.py"
        path.write_text(f"class Mine:\n    def choose(self):\n        {body}\n")
        spec = importlib.util.spec_from_file_location("mine", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        import sys

        sys.modules["mine"] = module
        try:
            return verdict_key({"windows": module.Mine()})
        finally:
            del sys.modules["mine"]

    assert key("return 1") == key("return 1")
    assert key("return 1") != key("return 2")
