from pathlib import Path

from seqmine.app.program_settings import _OF_PROGRAMS, settings_of_program
from seqmine.runs.components import CONF_DIR
from seqmine.structs.bounds import fits


def test_settings_of_a_program_replace_those_of_all():
    assert fits(None, settings_of_program("evaluate")["trainer.devices"])
    assert not fits(None, settings_of_program("recommend")["trainer.devices"])


def test_programs_with_settings_of_their_own_are_there():
    assert {f"{name}.yaml" for name in _OF_PROGRAMS} <= {Path(path).name for path in CONF_DIR.glob("*.yaml")}
