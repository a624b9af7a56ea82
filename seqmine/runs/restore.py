"""Rebuild the parts of a finished run from its folder."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lightning import Trainer, seed_everything
from omegaconf import DictConfig, OmegaConf
from torch import nn

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.store import read_catalog
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.module import SequenceModule
from seqmine.runs.belonging import require_catalog
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.runs.components import build, build_group
from seqmine.runs.folder import best_checkpoint, read_config
from seqmine.runs.reading import read_json, read_kept
from seqmine.structs import Catalog, Recommender, UserError

Model = SequenceModule | BaselineModule


def restore_run(config: DictConfig) -> tuple[DictConfig, Model, SequenceDataModule]:
    """Rebuild the run that ``config.run`` names, with its best weights; the log is not read yet.

    Args:
        config: of a program, with ``run``, ``paths`` and optionally ``evaluation``, ``trainer`` and ``data.path``; what
            is not null in them takes the place of the setting of the run. Its ``trusted`` is believed, not the run's.

    Returns:
        The settings of the run with these changes, its module and its data module.

    Raises:
        UserError: when the folder is no run.
    """
    settings, trusted = read_config(config.run), config.get("trusted") or ()
    if "model" not in settings:
        kind = settings.get("program", "another program")
        raise UserError(f"run is {config.run!r}, a folder of {kind}; set run to one that seqmine.train wrote")
    settings.paths.run = config.paths.run
    for group in ("evaluation", "trainer", "data"):
        for name, value in (config.get(group) or {}).items():
            if value is not None:
                OmegaConf.update(settings, f"{group}.{name}", value, force_add=True)
    with same_components(config.run):
        datamodule = build(settings.data.module, trusted)
    module = load_module(config.run, settings, trusted)
    datamodule.reader = module
    return settings, module, datamodule


def load_module(run: str, settings: DictConfig, trusted: Collection[str] = ()) -> Model:
    """Rebuild the module of a run with its best weights.

    Args:
        run: folder of the run.
        settings: of the run.
        trusted: components that may be built beside those that any configuration may name.

    Raises:
        UserError: when the run has no checkpoint, one of other items, or was made by a version that differs.
    """
    seed_everything(settings.seed, verbose=False)
    path, catalog = best_checkpoint(run), run_catalog(run)
    checkpoint = read_checkpoint(Path(path), f"run is {run!r}")
    require_catalog(checkpoint, catalog, Path(path), "the catalog.parquet that was written with it")
    with same_components(run):
        module = build(settings.model, trusted)(catalog=catalog)
        module.load_state_dict(checkpoint["state_dict"])
    return module.eval()


def run_catalog(run: str) -> Catalog:
    """Return the items that a run knows.

    Raises:
        UserError: they are damaged.
    """
    return read_kept(Path(run) / "catalog.parquet", read_catalog)


def reranked(config: DictConfig, module: Model, datamodule: SequenceDataModule) -> tuple[Model, dict[str, float]]:
    """Correct a model as ``correction_of`` says, one correction after the other.

    Args:
        config: of a program, with ``trusted``, and ``run`` or ``rerank``.
        module: the model of the run, as it scores the items of the log.
        datamodule: brings the log.

    Returns:
        What scores, and the settings that were chosen for it by the name that they are reported with.
    """
    correction = correction_of(config)
    if not correction:
        return module, {}
    corrections = build_group(correction, config.trusted)
    require_scores(module, config.get("run") or config.paths.run, "rerank needs; set rerank=none")
    if "diverse" in list(corrections)[:-1]:
        raise UserError(
            f"rerank is [{','.join(corrections)}], and what follows diverse would order its lists anew; put it last"
        )
    chosen: dict[str, float] = {}
    for correct in corrections.values():
        module, told = correct(module, datamodule)
        chosen |= told
    return module, chosen


def correction_of(config: DictConfig) -> DictConfig | None:
    """Return what corrects the model: ``rerank`` where it is chosen, else the correction that the run was trained with.

    Args:
        config: of a training, or of a program with ``run``.
    """
    chosen = config.get("rerank")
    return read_config(config.run).get("rerank") if chosen is None and config.get("run") is not None else chosen


def keep_choices(correction: DictConfig, chosen: Mapping[str, float]) -> None:
    """Write what was chosen for a correction into its settings, so that it is not chosen again.

    Args:
        correction: changed in place where it left a choice open.
        chosen: see ``reranked``.
    """
    for settings in correction.values():
        for name, value in dict(settings).items():
            if value is None and f"rerank/{name}" in chosen:
                settings[name] = chosen[f"rerank/{name}"]


def require_scores(module: nn.Module, run: str, need: str) -> None:
    """Refuse a model that only names its best items where scores of the whole catalog are needed.

    Args:
        module: of the run.
        run: its folder.
        need: who needs them, and what to change.

    Raises:
        UserError: the model does not score the whole catalog.
    """
    if not isinstance(module, Recommender):
        raise UserError(
            f"run is {run!r}, whose model names its best items and does not score the whole catalog, which {need}"
        )


def build_trainer(settings: DictConfig, run: str, trusted: Collection[str] = ()) -> Trainer:
    """Build a trainer that evaluates and logs nothing.

    Args:
        settings: of the run, perhaps with changes.
        run: folder of the run.
        trusted: components that may be built beside those that any configuration may name.

    Raises:
        UserError: when the run was made by a version that differs.
    """
    with same_components(run):
        callbacks = list(build_group(settings.callbacks, trusted).values())
        return build(settings.trainer, trusted)(callbacks=callbacks, logger=False)


@contextmanager
def same_components(run: str) -> Iterator[None]:
    """Refuse a run whose settings or weights the components of this version do not take any more.

    Raises:
        UserError: a component misses an argument or a weight, or is given one that it does not know.
    """
    try:
        yield
    except Exception as error:
        causes = (str(error), str(error.__cause__))
        arguments = ("required argument", "required keyword", "unexpected keyword", "multiple values")
        signs = (*arguments, "loading state_dict", "_target_ is 'seqmine.")
        problem = next((" ".join(cause.split()) for cause in causes if any(sign in cause for sign in signs)), None)
        if problem is None:
            raise
        made_by = read_json(Path(run) / "environment.json")
        raise UserError(
            f"run {run!r} was made by seqmine {made_by['versions']['seqmine']} ({made_by['git_sha']}), whose "
            f"components differ from those of this version ({problem}); train again, or set run to a newer one"
        ) from error


def check_catalog(catalog: Catalog, run: str) -> None:
    """Refuse data whose items or behaviors are numbered differently than in the run.

    Raises:
        UserError: when the catalogs differ.
    """
    known = run_catalog(run)
    if known.fingerprint != catalog.fingerprint:
        raise UserError(
            f"the log has a catalog of {catalog.num_items} items that is not the catalog of {known.num_items} items of "
            f"run {run!r}; set data.path to the log of that run, or train again"
        )
    if list(known.behaviors) != list(catalog.behaviors):
        raise UserError(
            f"the log numbers the behaviors {', '.join(catalog.behaviors)}, and run {run!r} numbers "
            f"{', '.join(known.behaviors) or 'none'}; set data.path to the log of that run, or train again"
        )
