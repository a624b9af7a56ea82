import subprocess
import sys
from pathlib import Path

import pytest

from seqmine.data.cleaning.single_events import KeepBehaviors
from seqmine.data.description import describe, identity, settings_of
from seqmine.data.splits import LeaveLastK, LeaveOneOut


class Own:
    def __init__(self, size, part=None):
        self.size, self.part, self._cache = size, part, object()


def test_a_component_is_described_by_its_settings():
    assert describe(KeepBehaviors(behaviors=["buy"])) == "KeepBehaviors(behaviors=['buy'])"
    assert describe(LeaveOneOut()) == "LeaveOneOut()"
    assert describe(Own(3)) == "Own(size=3, part=None)"
    assert settings_of(Own(3)) == {"size": 3, "part": None}


def test_shipped_components_are_told_by_name_and_settings_alone():
    assert identity(LeaveLastK(k=2)) == "LeaveLastK(k=2)"


@pytest.mark.parametrize("part", [None, Own(1), [1, Own(1)], {"a": Own(1)}, len, Own])
def test_one_of_a_users_own_is_the_same_in_every_process(part):
    assert identity(Own(3, part)) == identity(Own(3, part)) == identity(Own(3, part))
    assert "0x" not in identity(Own(3, part))
    assert identity(Own(3)).startswith(f"{__name__}.Own(size=3, part=None) ")
    assert identity(Own(3, part)) != identity(Own(4, part))
    assert identity(Own(3, Own(1))) != identity(Own(3, Own(2)))


SOURCE = """
class Own:
    def __init__(self):
        self.size = 1

    def answer(self):
        return {answer}
"""
PRINT = "import own; from seqmine.data.description import identity; print(identity(own.Own()))"


def test_its_code_is_part_of_what_it_is(tmp_path):
    told = []
    for answer in (1, 1, 2):
        (tmp_path / "own.py").write_text(SOURCE.format(answer=answer))
        paths = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(Path.cwd())!r}]; sys.dont_write_bytecode = True; "
        told.append(
            subprocess.run([sys.executable, "-c", paths + PRINT], capture_output=True, text=True, check=True).stdout
        )
    assert told[0] == told[1] != told[2]
    assert told[0].startswith("own.Own(size=1) ")
