"""What every program shares: reading the command line, running one job a process, and telling errors in a sentence."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seqmine.app.checks import check_settings
from seqmine.app.composing import (
    as_hydra_reads,
    compose_checked,
    mistake_behind,
    register_resolvers,
    without_hydra,
    without_nothing,
)
from seqmine.app.lock import alone_in
from seqmine.app.manual import manual
from seqmine.app.processes import is_finished, metric_of, run_in_process
from seqmine.app.typed import as_typed, jobs_of_sweep, search_path
from seqmine.runs.components import CONF_DIR
from seqmine.structs.disk import require_place
from seqmine.structs.errors import UserError
from seqmine.structs.printable import printable
from seqmine.structs.progress import shown_by
from seqmine.training.stop_signals import Stopped, end_with_parent, stoppable

_MULTIRUN = {"-m", "--multirun"}
# where Hydra found configuration that is not shipped
_SEARCHED = ("command-line", "hydra.searchpath in command-line")
Task = Callable[[DictConfig], Any]


def program(name: str) -> Callable[[Task], Callable[[], None]]:
    """Make a program out of a function of the configuration.

    The program exits with 0 on success and with 1, after one sentence, on a mistake of the user. In a multirun each job
    is a process of its own, so that neither a failure nor a distributed job can disturb the next.

    Args:
        name: of the program and of its configuration in ``conf/``.
    """

    def decorate(task: Task) -> Callable[[], None]:
        def run(config: DictConfig) -> Any:
            from hydra.core.hydra_config import HydraConfig
            from hydra.types import RunMode

            if HydraConfig.get().mode == RunMode.MULTIRUN:
                return _run_job(name, config)
            _import_lightning()
            return _run_with_plain_errors(name, task, config, HydraConfig.get().overrides.task)

        def main() -> None:
            with stoppable():  # a request to stop ends the program without a traceback at any time
                _start(name, run)

        main.__doc__ = task.__doc__
        return main

    return decorate


def _start(name: str, run: Task) -> None:
    """Run a program by what is typed."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(manual(name))
        return
    if os.environ.get("LOCAL_RANK", "0") != "0":
        end_with_parent()
    import hydra

    sys.argv[1:] = ["print_config=true" if argument == "--verbose" else argument for argument in sys.argv[1:]]
    register_resolvers()
    sys.argv[1:] = _checked_command_line(name, sys.argv[1:])
    flags = {argument for argument in sys.argv if argument.startswith("-")}
    if any(argument.startswith("sweep=") for argument in sys.argv) and "--cfg" not in flags:
        _search(name, sys.argv[1:], flags)
        return
    start = hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=name)(run)
    if flags & _MULTIRUN:
        _run_jobs(start)
    else:
        _run_one(start)


def _import_lightning() -> None:
    """Import what takes most of a start without collecting garbage, which costs a fifth of the time and finds none."""
    gc.disable()
    import lightning  # noqa: F401

    gc.freeze()
    gc.enable()


def _run_with_plain_errors(name: str, task: Task, config: DictConfig, overrides: Sequence[str]) -> Any:
    from seqmine.reporting.progress import progress_bar

    try:
        with stoppable(), shown_by(progress_bar), _alone(config):
            check_settings(name, config, overrides)
            return task(config)
    except Stopped as stopped:
        tell_stop(stopped, config)
        raise
    except Exception as error:
        mistake = mistake_behind(error) or _lost_process(error)
        if mistake is None or config.debug:
            raise
        fail(mistake)


def _alone(config: DictConfig) -> AbstractContextManager[None]:
    """Hold the run folder; the first process of a distributed run does for all."""
    from lightning.pytorch.utilities import rank_zero_only

    return nullcontext() if rank_zero_only.rank else alone_in(Path(config.paths.run))  # type: ignore[attr-defined]


def _lost_process(error: Exception) -> UserError | None:
    """Tell that another process of a distributed run died, of which this one learns by a closed connection alone."""
    if "Connection closed by peer" in str(error) or "Connection reset by peer" in str(error):
        return UserError(
            "another process of the run has died, so this one ends too; look for its message above, or for a kill by "
            "the system (memory), and go on with resume=auto"
        )
    return None


def _search(name: str, arguments: list[str], flags: set[str]) -> None:
    from seqmine.app.search import search

    try:
        if not flags & _MULTIRUN:
            raise UserError("sweep= searches over many runs; add -m")
        if flags - _MULTIRUN:
            raise UserError(f"sweep= takes no flag but -m; leave {' '.join(sorted(flags - _MULTIRUN))} out")
        search(name, [argument for argument in arguments if argument not in flags])
    except UserError as error:
        fail(error)


def _run_one(start: Callable[[], None]) -> None:
    """Run a program; what keeps Hydra from writing into the folder of the run is told too."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints a traceback and exits
    try:
        start()
    except OSError as error:
        mistake = mistake_behind(error)
        if mistake is None:
            raise
        fail(mistake)


def _run_jobs(start: Callable[[], None]) -> None:
    from seqmine.app.multirun import run_jobs

    try:
        run_jobs(start)
    except UserError as error:
        fail(error)


def tell_stop(stopped: Stopped, config: DictConfig) -> None:
    """Say in a sentence what is kept of a run that was asked to stop, and how to go on; only the first process does.

    Other processes end with status 0: one that Lightning started and that fails makes it kill the first one.
    """
    from lightning.pytorch.utilities import rank_zero_only

    if rank_zero_only.rank:  # type: ignore[attr-defined]
        stopped.code = 0
        return
    folder = Path(config.paths.run)
    kept = sorted((folder / "checkpoints").glob("*last.ckpt"))
    how = "nothing of it is kept; start it again"
    if kept:
        how = f"{kept[-1]} is kept; go on with the same command and resume=auto hydra.run.dir={folder}"
    sys.stderr.write(f"stopped by {stopped.signal.name}: {how}\n")
    sys.stderr.flush()


def fail(error: Exception) -> None:
    """Print an error as one sentence and exit with status 1."""
    from seqmine.reporting.terminal import folded

    sys.stderr.write(folded(f"error: {printable(' '.join(str(error).split()))}") + "\n")
    sys.stderr.flush()
    sys.exit(1)


def _run_job(name: str, config: DictConfig) -> Any:
    """Run one job of a multirun and return the metric that the sweep looks at, if any."""
    from hydra.core.hydra_config import HydraConfig

    from seqmine.app.multirun import FailedJobError, told_how_to_go_on

    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)
    arguments = [*hydra_config.overrides.task]
    more = [source.path for source in hydra_config.runtime.config_sources if source.provider in _SEARCHED]
    arguments += [search_path(more)] if more else []
    monitor = config.get("monitor") or ""
    if is_finished(folder, hydra_config.overrides.task):
        sys.stderr.write(f"{folder} is finished and stays as it is\n")
        return metric_of(folder, monitor)
    sweep = Path(hydra_config.sweep.dir)
    with told_how_to_go_on("hydra.sweep.dir", sweep, monitor):
        status = run_in_process(name, arguments, folder, sweep.name)
    if status:
        raise FailedJobError(str(folder), status, hydra_config.sweep.dir, monitor)
    return metric_of(folder, monitor)


def _is_setting(argument: str) -> bool:
    return argument.startswith("~") or ("=" in argument and not argument.startswith("-"))


def _checked_command_line(name: str, arguments: list[str]) -> list[str]:
    """Return the command line as Hydra reads it; tell mistakes in one sentence before anything else is done.

    Each value of a sweep is among what is looked at.
    """
    try:
        # flags may stand anywhere, and Hydra wants all settings in a row
        arguments = sorted(as_hydra_reads(name, as_typed(arguments)), key=_is_setting)
        flags = {argument for argument in arguments if argument.startswith("-")}
        if "--cfg" in flags and flags & _MULTIRUN:
            raise UserError("--cfg shows the settings of one job, and -m starts many; leave one of them out")
        if flags - {"--cfg", "--resolve", "job", *_MULTIRUN}:
            return arguments
        settings = [argument for argument in arguments if _is_setting(argument)]
        configs = [compose_checked(name, job) for job in (jobs_of_sweep(settings) if flags & _MULTIRUN else [settings])]
        if "--cfg" not in flags:
            kind = "sweep" if flags & _MULTIRUN else "run"
            require_place(Path(configs[0].hydra[kind].dir), f"hydra.{kind}.dir")
        if flags <= _MULTIRUN:
            _import_lightning()
            for config in configs:
                check_settings(name, without_hydra(config), arguments)
    except UserError as error:
        fail(error)
    return without_nothing(arguments)
