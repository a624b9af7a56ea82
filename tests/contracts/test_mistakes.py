"""Mistakes in the settings of every program are sentences before anything is built; ``tests/mistakes.py`` makes them all."""

from copy import deepcopy
from functools import cache

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from seqmine.app.checks import check_settings
from seqmine.runs.components import CONF_DIR
from seqmine.runs.settings import nodes
from seqmine.structs import UserError

NAN = float("nan")
PROGRAMS = ("train", "mine", "explain", "recommend", "leaderboard")


@cache
def composed(program: str) -> DictConfig:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return compose(program)


def numbers(program: str) -> list[str]:
    """Return every sixth setting of a program that is a number."""
    found = [name for name, node in nodes(composed(program)) if type(node._value()) in (int, float)]
    return found[::6]


@pytest.mark.parametrize(("program", "key"), [(program, key) for program in PROGRAMS for key in numbers(program)])
def test_a_number_is_no_text_and_not_nan(program, key):
    for value in ("abc", NAN, 1e99):
        config = deepcopy(composed(program))
        OmegaConf.update(config, key, value)
        with pytest.raises(UserError, match=key) as told:
            check_settings(program, config, [])
        assert "allowed are" in str(told.value)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_shipped_is_no_mistake(program):
    check_settings(program, composed(program), [])
