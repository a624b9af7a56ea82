"""A search over settings by Optuna: one process per run, stopped and gone on with at will."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from seqmine.app.processes import metric_of, run_in_process
from seqmine.runs.components import CONF_DIR
from seqmine.structs.errors import UserError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna import Study, Trial


def search(name: str, arguments: list[str]) -> None:
    """Let the TPE sampler (Bergstra et al. 2011, NeurIPS) propose the settings of each run.

    What is searched is written as in any multirun: ``a,b`` or ``choice(a,b)``, ``range(1,5)``, ``interval(0.1,0.9)``,
    and ``tag(log,interval(1e-4,1e-2))`` for a logarithmic scale. A failed run does not stop the search. The folder has
    the runs, ``study.db`` and ``leaderboard.csv``.

    Args:
        name: of the program to run.
        arguments: its overrides, with ``sweep=...`` among them.

    Raises:
        UserError: Optuna is not installed, nothing is to be searched, or no run finished.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from seqmine.app.multirun import write_leaderboard

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
    study = _open_study(folder, config.sweep, config.monitor)
    for _ in range(config.sweep.num_trials):
        trial = study.ask()
        chosen = [f"{override.get_key_element()}={suggest(trial, override)}" for override in space]
        sys.stderr.write(f"search: run {trial.number} with {' '.join(chosen)}\n")
        run = folder / str(trial.number)
        status = run_in_process(name, [*of_runs, *chosen], run, folder.name)
        _tell(study, trial, metric_of(run, config.monitor) if status == 0 else None)
        write_leaderboard(folder, config.monitor)
    _report(study, config)


def suggest(trial: "Trial", override: "Override") -> Any:
    """Return a value for a swept setting.

    Raises:
        UserError: a kind of sweep that cannot be searched.
    """
    from hydra.core.override_parser.types import IntervalSweep

    name, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, IntervalSweep):
        low, high, log = sweep.start, sweep.end, "log" in sweep.tags
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(name, low, high, log=log)
        if low is not None and high is not None:
            return trial.suggest_float(name, low, high, log=log)
    if override.is_discrete_sweep():
        return trial.suggest_categorical(name, list(override.sweep_string_iterator()))
    raise UserError(f"{override.input_line} cannot be searched; use a,b or interval(low,high) or range(low,high)")


def _open_study(folder: Path, settings: DictConfig, monitor: str) -> "Study":
    from seqmine.metrics.direction import direction

    try:
        import optuna
    except ImportError as error:
        raise UserError("sweep=optuna needs Optuna, which is not installed; run pip install 'seqmine[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name="seqmine",
        load_if_exists=True,
        direction="minimize" if direction(monitor) == "min" else "maximize",
    )
    # a search that goes on must not propose what it began with
    study.sampler = optuna.samplers.TPESampler(seed=settings.seed + len(study.trials))
    return study


def _tell(study: "Study", trial: "Trial", value: float | None) -> None:
    from optuna.trial import TrialState

    if value is None:
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, value)


def _report(study: "Study", config: DictConfig) -> None:
    from optuna.trial import TrialState

    finished = study.get_trials(states=(TrialState.COMPLETE,))
    if not finished:
        raise UserError("no run of the search finished; change the settings that their messages above name")
    settings = " ".join(f"{name}={value}" for name, value in study.best_params.items())
    sys.stdout.write(f"best of {len(finished)} runs: {config.monitor} {study.best_value:.4f} with {settings}\n")
