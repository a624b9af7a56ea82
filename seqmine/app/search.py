"""A search over settings by Optuna: one process per run, any number of workers, stopped and gone on with at will."""

import fcntl
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from seqmine.app.lock import alone_in
from seqmine.app.multirun import told_how_to_go_on, write_leaderboard
from seqmine.app.processes import is_finished, metric_of, run_in_process
from seqmine.runs.components import CONF_DIR
from seqmine.structs.errors import UserError
from seqmine.training.pruning import PRUNED, STUDY, TRIAL

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna import Study, Trial


def search(name: str, arguments: list[str]) -> None:
    """Let the TPE sampler (Bergstra et al. 2011, NeurIPS) propose the settings of each run.

    What is searched is written as in any multirun: ``a,b`` or ``choice(a,b)``, ``range(1,5)``, ``interval(0.1,0.9)``,
    and ``tag(log,interval(1e-4,1e-2))`` for a logarithmic scale. A failed run does not stop the search, and one that is
    worse than most at its epoch ends early. The folder has the runs, ``study.db``, ``leaderboard.csv`` and pictures.
    The same command in the same folder goes on, and started twice it is two workers: a trial whose worker died is
    taken over where it was.

    Args:
        name: of the program to run.
        arguments: its overrides, with ``sweep=...`` among them.

    Raises:
        UserError: Optuna is not installed, nothing is to be searched, or no run finished.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser

    overrides = OverridesParser.create().parse_overrides(arguments)
    space = [override for override in overrides if override.is_sweep_override()]
    fixed = [override.input_line for override in overrides if not override.is_sweep_override()]
    if not space:
        raise UserError("sweep=optuna has nothing to search; write a setting as optimizer.lr=1e-3,3e-3")
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(name, fixed)
    of_runs = [argument for argument in fixed if not argument.startswith(("sweep=", "sweep."))]
    folder = Path(config.sweep.folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    study = _open_study(folder, config.monitor)

    def run(trial: "Trial") -> None:
        chosen = [f"{override.get_key_element()}={suggest(trial, override)}" for override in space]
        settings = [*of_runs, *chosen]
        place = folder / str(trial.number)
        sys.stderr.write(f"search: run {trial.number} with {' '.join(chosen)}\n")
        told = {"storage": _storage(folder), "trial": trial._trial_id, "prune_after": config.sweep.prune_after}
        if not is_finished(place, settings):
            run_in_process(name, settings, place, folder.name, {TRIAL: json.dumps(told)})
        _tell(study, trial, metric_of(place, config.monitor) if is_finished(place, settings) else None)

    with told_how_to_go_on("sweep.folder", folder, config.monitor):
        while _work(study, folder, config.sweep, run):
            write_leaderboard(folder, config.monitor)
    _report(study, config, folder)


def suggest(trial: "Trial", override: "Override") -> Any:
    """Return a value for a swept setting.

    Raises:
        UserError: a kind of sweep that cannot be searched.
    """
    from hydra.core.override_parser.types import IntervalSweep, RangeSweep

    name, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, IntervalSweep):
        low, high, log = sweep.start, sweep.end, "log" in sweep.tags
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(name, low, high, log=log)
        if low is not None and high is not None:
            return trial.suggest_float(name, low, high, log=log)
    whole = (sweep.start, sweep.stop, sweep.step) if isinstance(sweep, RangeSweep) else ()
    if whole and all(isinstance(number, int) for number in whole) and range(*whole) and sweep.step > 0:
        return trial.suggest_int(name, sweep.start, range(*whole)[-1], step=sweep.step)
    if override.is_discrete_sweep():
        return trial.suggest_categorical(name, list(override.sweep_string_iterator()))
    raise UserError(f"{override.input_line} cannot be searched; use a,b or interval(low,high) or range(low,high)")


def _storage(folder: Path) -> str:
    return f"sqlite:///{folder / 'study.db'}"


def _open_study(folder: Path, monitor: str) -> "Study":
    from seqmine.metrics.direction import direction

    try:
        import optuna
    except ImportError as error:
        raise UserError("sweep=optuna needs Optuna, which is not installed; run pip install 'seqmine[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _in_turn(folder):  # two workers may not make its tables at once
        return optuna.create_study(
            storage=_storage(folder),
            study_name=STUDY,
            load_if_exists=True,
            direction="minimize" if direction(monitor) == "min" else "maximize",
        )


@contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """Wait for the other workers of a search, and let them wait while the body runs."""
    with (folder / ".turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _work(study: "Study", folder: Path, settings: DictConfig, run: Callable[["Trial"], None]) -> bool:
    """Run one trial, held by this process so that no other takes it over; return whether there was one to run."""
    from optuna.samplers import TPESampler

    with ExitStack() as held:
        with _in_turn(folder):
            trial = _left_behind(study, folder, held)
            if trial is None:
                if len(study.trials) >= settings.num_trials:
                    return False
                # what is proposed depends on the trials so far alone, not on the worker
                study.sampler = TPESampler(seed=settings.seed + len(study.trials), constant_liar=True)
                trial = study.ask()
                held.enter_context(alone_in(_workplace(folder, trial.number)))
        run(trial)
    return True


def _left_behind(study: "Study", folder: Path, held: ExitStack) -> "Trial | None":
    """Return a trial whose worker died, as has its run; it keeps its settings and is held from now on."""
    from optuna.trial import Trial, TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        try:
            with alone_in(folder / str(trial.number)):
                held.enter_context(alone_in(_workplace(folder, trial.number)))
        except UserError:
            continue
        return Trial(study, trial._trial_id)
    return None


def _workplace(folder: Path, number: int) -> Path:
    return folder / ".workers" / str(number)


def _tell(study: "Study", trial: "Trial", value: float | None) -> None:
    from optuna.trial import TrialState

    if value is None:
        study.tell(trial, state=TrialState.FAIL)
    elif PRUNED in study.trials[trial.number].user_attrs:  # written by the run
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, value)


def _report(study: "Study", config: DictConfig, folder: Path) -> None:
    from optuna.trial import TrialState

    from seqmine.reporting.sweep_pictures import draw_search

    counts = {state: len(study.get_trials(states=(state,))) for state in TrialState}
    if not counts[TrialState.COMPLETE]:
        raise UserError("no run of the search finished; change the settings that their messages above name")
    draw_search(study, config.monitor, folder)
    settings = " ".join(f"{name}={value}" for name, value in study.best_params.items())
    others = [(counts[TrialState.PRUNED], "ended early"), (counts[TrialState.FAIL], "failed"),
              (counts[TrialState.RUNNING], "still run")]  # fmt: skip
    told = "".join(f", {count} {what}" for count, what in others if count)
    sys.stdout.write(
        f"best of {counts[TrialState.COMPLETE]} runs{told}: {config.monitor} {study.best_value:.4f} with {settings}\n"
        f"pictures and leaderboard.csv: {folder}\n"
    )
