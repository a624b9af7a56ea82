"""What the page of a run is made of, as the configuration says."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from seqmine.reporting.page.blocks import Section
from seqmine.reporting.page.document import require_packages
from seqmine.reporting.page.sections.promise import Promise
from seqmine.reporting.page.subject import Subject, section_of
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import UserError

_ORDER = (
    "asked", "data_card", "learning", "standing", "side_by_side", "trade_off", "slices", "shortcut", "beyond",
    "calibration", "patterns", "disagreement", "explanations", "surrogates", "views", "cost", "methods",
)  # fmt: skip
"""Sections of the shipped configuration as a reader needs them; those of a user's own come last."""


def subject_of_page(config: DictConfig) -> Subject:
    """Return what the page is about, and refuse what cannot be told of before anything is measured.

    Args:
        config: of the program.

    Raises:
        UserError: ``run`` is no finished run, ``patterns`` has none, or the extra ``report`` is not installed.
    """
    require_packages()
    board = OmegaConf.load(CONF_DIR / "leaderboard.yaml")
    assert isinstance(board, DictConfig)
    board.runs, board.seed = config.runs, config.seed
    subject = Subject(config, board)
    _ = subject.settings, subject.metrics
    if config.patterns is not None and not Path(config.patterns, "patterns.parquet").is_file():
        raise UserError(f"patterns is {config.patterns!r}, which has no patterns.parquet; change patterns")
    _ = subject.leaderboard
    return subject


def sections_of(config: DictConfig, subject: Subject) -> list[Section]:
    """Return the sections that are asked for, in the order of reading; of a private run what it released alone.

    Raises:
        UserError: more is asked of a private run.
    """
    if subject.promise is not None:
        for name in ("runs", "patterns"):
            if config[name] is not None:
                raise UserError(
                    f"{name} is {config[name]!r}, but the page of a private run tells of its release/ alone; "
                    f"set {name}=null"
                )
        return [section_of(Promise(), subject)]
    writers = build(config.sections, config.trusted)
    names = [*(name for name in _ORDER if name in writers), *(name for name in writers if name not in _ORDER)]
    return [section_of(writers[name], subject) for name in names]
