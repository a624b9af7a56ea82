"""A model of a run on a log that the run was not trained on, such as last month's model on this month's."""

import logging

from omegaconf import DictConfig

from seqmine.data.datamodule import SequenceDataModule
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.mapped import MappedModel, shared_items, with_new_items
from seqmine.models.module import SequenceModule
from seqmine.runs.restore import Model, correction_of, require_scores, run_catalog
from seqmine.structs import Catalog, UserError

_log = logging.getLogger(__name__)


def on_the_log(run: str, module: Model, datamodule: SequenceDataModule) -> tuple[Model, dict[str, float | str]]:
    """Return the model as it scores the items of the log, and what is to be reported of a log that is not its own.

    Args:
        run: folder of the run.
        module: its model, in evaluation mode.
        datamodule: brings the log, perhaps another than that of the run.

    Raises:
        UserError: the run knows no item of the log.
    """
    known, catalog = run_catalog(run), datamodule.catalog
    if known.fingerprint == catalog.fingerprint and list(known.behaviors) == list(catalog.behaviors):
        return module, {}
    require_scores(module, run, "a log of other items needs; set data.path to the log of that run")
    num_shared = len(shared_items(known, catalog)[0])
    if num_shared == 0:
        raise UserError(
            f"the log has a catalog of {catalog.num_items} items that is not the catalog of {known.num_items} items of "
            f"run {run!r}, and they share none; set data.path to the log of that run or to a newer one of the same shop"
        )
    new, gone = catalog.num_items - num_shared, known.num_items - num_shared
    model, able = with_new_items(module, known, catalog) if isinstance(module, SequenceModule) else (module, known)
    _log.warning(
        "the log is not that of run %r: of its %d items %d are known to the model and %d are new to it (%s); %d items "
        "of the run are gone",
        run, catalog.num_items, num_shared, new,
        "never recommended, missed as targets" if able is known else "scored by their attributes", gone,
    )  # fmt: skip
    mapped = BaselineModule(recommender=MappedModel(model=model, known=able, catalog=catalog), catalog=catalog)
    report = {"items/known": num_shared, "items/new": new, "items/gone": gone}
    return mapped.eval(), {**report, "model_catalog": known.fingerprint[:8]}


def needs_log(config: DictConfig, datamodule: SequenceDataModule) -> bool:
    """Return whether lists for histories of anybody need the log of the run, and so its items.

    Args:
        config: of the program, with ``run``.
        datamodule: of the run.
    """
    features, corrected = datamodule.features, bool(correction_of(config))
    return corrected or features.candidates.among == "available" or features.never_recommended is not None


def for_histories(config: DictConfig, module: Model, datamodule: SequenceDataModule) -> tuple[Model, Catalog]:
    """Return the model and the catalog in which the histories of ``recommend`` are numbered.

    Histories of a file are numbered as in the run, so that the log is not read for them unless something else needs it.

    Args:
        config: of the program, with ``run`` and ``input``.
        module: the model of the run.
        datamodule: of the run, perhaps with a newer log.
    """
    if config.input is not None and not needs_log(config, datamodule):
        return module, run_catalog(config.run)
    return on_the_log(config.run, module, datamodule)[0], datamodule.catalog
