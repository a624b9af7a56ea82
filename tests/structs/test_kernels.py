"""Kept machine code is used as long as nothing that it was made of has changed, and no longer."""

import importlib
import sys
from types import ModuleType

import pytest

from seqmine.mining.statistics.base_rate import measure_antecedent
from seqmine.structs import kernels

_HEAD = "from seqmine.structs.kernels import kernel\n"
_CALLED = _HEAD + "@kernel\ndef called(number):\n    return number + {amount}\n"
_CALLER = _HEAD + "from sizes import SIZE\nfrom called import called\n@kernel\ndef caller(number):\n"
_CALLER += "    return SIZE * between(number)\n@kernel\ndef between(number):\n    return called(number)\n"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two versions of one second and one length share a .pyc
    write(tmp_path)
    yield tmp_path
    for name in ("called", "caller", "sizes"):
        sys.modules.pop(name, None)


def write(folder, amount=1, size=10):
    (folder / "called.py").write_text(_CALLED.format(amount=amount))
    (folder / "sizes.py").write_text(f"SIZE = {size}\n")
    (folder / "caller.py").write_text(_CALLER)


def imported() -> ModuleType:
    """Import the files as a new process would."""
    for name in ("called", "caller", "sizes"):
        sys.modules.pop(name, None)
    kernels.source_stamp.cache_clear()
    kernels._text_hash.cache_clear()
    return importlib.import_module("caller")


def test_unchanged_sources_take_what_was_compiled(sources):
    assert imported().caller(1) == 20
    write(sources)  # the same text with a new date
    again = imported().caller
    assert again(1) == 20
    assert sum(again.stats.cache_hits.values()) == 1


@pytest.mark.parametrize(
    ("change", "expected"), [({"amount": 2}, 30), ({"size": 100}, 200)], ids=["kernel", "constant"]
)
def test_a_change_in_another_file_is_compiled_anew(sources, change, expected):
    assert imported().caller(1) == 20
    write(sources, **change)
    assert imported().caller(1) == expected


def test_stamps_hold_no_addresses():
    values = vars(importlib.import_module(measure_antecedent.__module__)).values()
    assert len(kernels.source_stamp(measure_antecedent.py_func)) == 64
    assert not [value for value in values if " at 0x" in kernels._described(value)]
