"""One job of a program inside a running Python: its configuration, its run folder, and quiet."""

import logging
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from seqmine.app.checks import check_checkpoints, check_settings
from seqmine.app.composing import compose_checked, mistake_behind, without_hydra
from seqmine.app.lock import alone_in
from seqmine.app.start import ignore_known_warnings, record_command
from seqmine.app.typed import as_typed
from seqmine.runs.settings import freeze_references
from seqmine.structs.errors import UserError

_COMPOSING = threading.Lock()  # Hydra keeps what it composes in global variables
_LOGGED = (
    "seqmine",
    "lightning",
    "lightning.pytorch",
    "lightning.fabric",
)  # Lightning's write to the screen by themselves


@contextmanager
def job(name: str, overrides: Iterable[str]) -> Iterator[DictConfig]:
    """Open the run folder of a program as its command line would, and run the body as the job, quietly.

    Args:
        name: of the program.
        overrides: as on the command line.

    Yields:
        The configuration, of plain values and of references to settings alone.

    Raises:
        UserError: a mistake of the caller, in one sentence and without what Hydra makes of it.
    """
    with plain_errors():
        config = open_job(name, overrides)
    with quiet(Path(config.paths.run) / "events.log"), alone_in(Path(config.paths.run)):
        yield config


@contextmanager
def quiet(log: Path | None = None) -> Iterator[None]:
    """Work for a caller without changing what is theirs: random numbers, warnings, loggers.

    Args:
        log: a file for what the packages say; None keeps nothing of it. Either way warnings reach the caller.

    Raises:
        UserError: a mistake of the caller, in one sentence and without what Hydra makes of it.
    """
    from lightning.pytorch.utilities.seed import isolate_rng

    with plain_errors(), isolate_rng(), warnings.catch_warnings(), _logging_to(log):
        ignore_known_warnings()
        warnings.filterwarnings("ignore", module=r"lightning\.")
        yield


def open_job(name: str, overrides: Iterable[str]) -> DictConfig:
    """Compose a configuration and write into the folder of its job what Hydra writes there."""
    with _COMPOSING:
        config = _composed(name, overrides)
        hidden = Path(config.hydra.runtime.output_dir) / ".hydra"
        hidden.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(without_hydra(config), hidden / "config.yaml")
        OmegaConf.save(OmegaConf.masked_copy(config, "hydra"), hidden / "hydra.yaml")
        OmegaConf.save(config.hydra.overrides.task, hidden / "overrides.yaml")
        record_command(config.hydra, hidden.parent)
        return _plain_settings(config)


def settings_of(name: str, overrides: Iterable[str]) -> DictConfig:
    """Compose a configuration for work that leaves no folder behind."""
    with plain_errors(), _COMPOSING:
        return _plain_settings(_composed(name, overrides))


def _composed(name: str, overrides: Iterable[str]) -> DictConfig:
    overrides = as_typed(overrides)
    config = compose_checked(name, overrides)
    check_settings(name, without_hydra(config), overrides)
    with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(Path(config.hydra.run.dir).absolute())
    return config


def _plain_settings(config: DictConfig) -> DictConfig:
    """Return the settings of a program, in which what came from Hydra or the environment is a value."""
    from hydra.core.hydra_config import HydraConfig

    known, settings = HydraConfig.instance(), without_hydra(config)
    before = known.cfg
    known.set_config(config)
    try:
        freeze_references(settings, settings)
    finally:
        known.cfg = before
    check_checkpoints(settings)
    return settings


@contextmanager
def _logging_to(path: Path | None) -> Iterator[None]:
    handlers: list[logging.Handler] = [_ToRoot()]
    if path is not None:
        handlers.append(logging.FileHandler(path))
        handlers[-1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in _LOGGED]
    before = [(logger, logger.level, logger.propagate, logger.handlers) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.propagate, logger.handlers = False, list(handlers)
    try:
        yield
    finally:
        for logger, level, propagate, handlers_before in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers_before
        for handler in handlers:
            handler.close()


class _ToRoot(logging.Handler):
    """Hands on what the root logger of the caller takes: warnings, unless they set it up otherwise."""

    def emit(self, record: logging.LogRecord) -> None:
        root = logging.getLogger()
        if root.isEnabledFor(record.levelno):
            root.handle(record)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise the mistake of a user as it is, not wrapped into what building a component makes of it."""
    try:
        yield
    except Exception as error:
        mistake = mistake_behind(error)
        if mistake is None:
            raise
        if not isinstance(mistake, UserError):
            raise UserError(" ".join(str(mistake).split())) from None
        raise mistake.with_traceback(None) from None
