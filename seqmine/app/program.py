"""What every program shares: reading the command line, running one job a process, and telling errors in a sentence."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqmine.app.checks import check_complete, check_types, may_be_trainer_argument, unknown_key
from seqmine.runs.components import CONF_DIR
from seqmine.structs.errors import UserError

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
                return _run_in_own_process(name, config)
            _import_lightning()
            return _run_with_plain_errors(task, config)

        def main() -> None:
            import hydra

            _register_resolvers()
            sys.argv[1:] = _trainer_arguments(name, map(_named_group, sys.argv[1:]))
            _check_command_line(name, sys.argv[1:])
            flags = {argument for argument in sys.argv if argument.startswith("-")}
            if any(argument.startswith("sweep=") for argument in sys.argv) and flags <= {"-m", "--multirun"}:
                return _search(name, sys.argv[1:], flags)
            return hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=name)(run)()

        main.__doc__ = task.__doc__
        return main

    return decorate


def _import_lightning() -> None:
    """Import what takes most of a start without collecting garbage, which costs a fifth of the time and finds none."""
    gc.disable()
    import lightning  # noqa: F401

    gc.freeze()
    gc.enable()


def _run_with_plain_errors(task: Task, config: DictConfig) -> Any:
    try:
        return task(config)
    except Exception as error:
        mistake = _mistake_behind(error)
        if mistake is None or config.debug:
            raise
        fail(mistake)


def _mistake_behind(error: BaseException | None) -> Exception | None:
    """Find the mistake of the user among an error and its causes: building a component wraps it."""
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    while error is not None and not isinstance(error, UserError | MisconfigurationException):
        error = error.__cause__ or error.__context__
    return error


def _search(name: str, arguments: list[str], flags: set[str]) -> None:
    from seqmine.app.search import search

    try:
        if not flags:
            raise UserError("sweep= searches over many runs; add -m")
        search(name, [argument for argument in arguments if argument not in flags])
    except UserError as error:
        fail(error)


def fail(error: Exception) -> None:
    """Print an error as one sentence and exit with status 1."""
    sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
    sys.stderr.flush()
    sys.exit(1)


def _run_in_own_process(name: str, config: DictConfig) -> Any:
    """Run one job of a sweep as ``python -m seqmine.<name>`` and return the metric that the sweep looks at, if any."""
    from hydra.core.hydra_config import HydraConfig

    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)
    command = [sys.executable, "-m", f"seqmine.{name}", *hydra_config.overrides.task, f"hydra.run.dir='{folder}'"]
    command += [
        f"--config-dir={source.path}"
        for source in hydra_config.runtime.config_sources
        if source.provider == "command-line"
    ]
    sweep = Path(hydra_config.sweep.dir)
    done = subprocess.run(command, env={**os.environ, "SEQMINE_SWEEP": sweep.name}, check=False)
    if done.returncode:
        raise RuntimeError(f"the run {folder} failed with status {done.returncode}; its messages stand above")
    from seqmine.runs.folder import monitored, read_metrics

    return monitored(read_metrics(folder), config.get("monitor", "")) if (folder / "metrics.json").exists() else None


def _check_command_line(name: str, arguments: list[str]) -> None:
    """Compose the configuration once to tell mistakes in one sentence; sweeps are checked job by job."""
    flags = {argument for argument in arguments if argument.startswith("-")}
    if flags - {"--cfg", "--resolve"}:
        return
    from hydra import compose, initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    overrides = [argument for argument in arguments if "=" in argument or argument.startswith("~")]
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            parsed = OverridesParser.create().parse_overrides(overrides)
            groups = [item.input_line for item in parsed if (CONF_DIR / item.key_or_group.split("@")[0]).is_dir()]
            defaults = compose(name, groups)
            for item in parsed:
                may_be_new = item.is_add() or item.is_force_add() or item.input_line in groups
                _check_key(item.key_or_group, may_be_new, defaults)
            config = compose(name, overrides)
            check_types(config, defaults)
            check_complete(config)
    except (HydraException, UserError) as error:
        fail(error)


def _named_group(argument: str) -> str:
    """Write the choice of a group as Hydra wants it: ``data.engine=spark`` becomes ``data/engine=spark``."""
    key, _, choices = argument.partition("=")
    group = CONF_DIR.joinpath(*key.split("."))
    if "." in key and group.is_dir() and all((group / f"{choice}.yaml").is_file() for choice in choices.split(",")):
        return f"{key.replace('.', '/')}={choices}"
    return argument


def _trainer_arguments(name: str, arguments: Iterable[str]) -> list[str]:
    """Write arguments of Lightning's trainer that the configuration does not list as Hydra wants what it has to add."""
    shipped = OmegaConf.load(CONF_DIR / f"{name}.yaml")
    assert isinstance(shipped, DictConfig)
    groups = {group for entry in shipped.defaults if isinstance(entry, DictConfig) for group in map(str, entry)}
    listed = OmegaConf.load(CONF_DIR / "trainer" / "default.yaml") if "trainer" in groups else shipped.get("trainer")
    return [_added_if_unlisted(argument, listed) for argument in arguments]


def _added_if_unlisted(argument: str, listed: Any) -> str:
    key = argument.partition("=")[0]
    if listed is None or not key.startswith("trainer.") or key.removeprefix("trainer.") in listed.keys():  # noqa: SIM118 - `in` skips unset values
        return argument
    return f"++{argument}" if may_be_trainer_argument(key) else argument


def _check_key(key: str, may_be_new: bool, defaults: DictConfig) -> None:
    if may_be_new or key.startswith("hydra"):
        return
    parent, _, leaf = key.rpartition(".")
    node = OmegaConf.select(defaults, parent) if parent else defaults
    if not isinstance(node, DictConfig) or leaf not in node.keys():  # noqa: SIM118 - `in` skips unset values
        raise unknown_key(key, defaults)


def _register_resolvers() -> None:
    OmegaConf.register_new_resolver("stamp", _stamp, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("rank_suffix", _rank_suffix, replace=True)


def _stamp() -> str:
    """Name a run: date, time and a run id, the same in all processes that a launcher started together."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        started = Path(f"/proc/{os.getppid()}").stat().st_ctime
        return f"{datetime.fromtimestamp(started):%Y-%m-%d_%H-%M-%S}_{os.getppid():x}"
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{os.urandom(3).hex()}"


def _rank_suffix() -> str:
    rank = os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))
    return "" if rank == "0" else f"_rank{rank}"
