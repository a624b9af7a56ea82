"""The result of a run: its metrics in files, and the table that a person reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.store import write_catalog
from seqmine.data.traits import target_traits
from seqmine.runs.parts import beyond_shortcuts, metrics_of_parts
from seqmine.structs import Catalog
from seqmine.structs.files import write_atomically, write_json
from seqmine.training.results import Results


@rank_zero_only
def keep_catalog(catalog: Catalog, folder: str) -> None:
    """Write the items of a run into its folder at its start, so that a killed run can be used."""
    write_catalog(catalog, Path(folder) / "catalog.parquet")


def write_results(
    config: DictConfig,
    trainer: Trainer,
    module: LightningModule,
    results: Results,
    chosen: Mapping[str, float | str] | None = None,
    chosen_by: str | None = None,
) -> dict[str, Any]:
    """Write metrics, ranks and catalog of a finished run into its folder.

    Args:
        config: of the run.
        trainer: has evaluated the module.
        module: what was evaluated.
        results: what was measured.
        chosen: more to report beside the metrics, by name.
        chosen_by: what chose the weights, where it is not ``config.monitor``.

    Returns:
        The metrics, by name; nothing on other processes than the first.
    """
    import polars as pl

    if not trainer.is_global_zero:
        return {}
    folder = Path(config.paths.run)
    metrics: dict[str, Any] = {**results.metrics, **(chosen or {})}
    metrics["parameters"] = sum(parameter.numel() for parameter in module.parameters())
    metrics["protocol"] = protocol(config, trainer, chosen_by)
    data: SequenceDataModule = trainer.datamodule  # type: ignore[attr-defined]
    if results.per_user:
        ranks = pl.concat(results.per_user.values())
        keys = ["user_id", "position", "split"]
        ranks = ranks.join(target_traits(data.prepared), on=keys, how="left", maintain_order="left")
        if data.features.horizon is None and "test" in results.per_user:
            test = ranks.filter(split="test")
            metrics |= metrics_of_parts(test, data.catalog.item_ids)
            metrics |= beyond_shortcuts(test, results.rivals_per_user, data.catalog.item_ids)
        write_atomically(folder / "per_user.parquet", ranks.write_parquet)
    write_json(folder / "metrics.json", metrics)
    if results.rivals_per_user:
        rivals = [frame.with_columns(row=pl.lit(name)) for name, frame in results.rivals_per_user.items()]
        write_atomically(folder / "baselines_per_user.parquet", pl.concat(rivals).write_parquet)
    write_catalog(data.catalog, folder / "catalog.parquet")
    return metrics


def protocol(config: DictConfig, trainer: Trainer, chosen_by: str | None = None) -> dict[str, Any]:
    """Describe how the numbers were measured; see ``write_results``."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    limit = trainer.limit_test_batches  # a whole number counts batches, another one is their share
    return {
        "split": type(data.split).__name__,
        **data.split.stated(),
        "seen": data.seen,
        "ties": config.evaluation.ties,
        "unseen_targets": config.evaluation.unseen_targets,
        "candidates": config.evaluation.candidates,
        "max_length": data.max_length,
        "num_items": data.catalog.num_items,
        "num_test_targets": len(data.prepared.split.test),
        "data_fingerprint": data.fingerprint,
        "chosen_by": chosen_by or config.monitor,
        "seed": config.seed,
        **({} if isinstance(limit, float) and limit == 1 else {"limit_test_batches": limit}),
        **({} if data.target_behaviors is None else {"target_behavior": ", ".join(data.target_behaviors)}),
        **({} if (never := data.features.never_recommended) is None else {"never_recommended": ", ".join(never)}),
        **({} if data.features.horizon is None else {"horizon": str(data.features.horizon)}),
    }


def table_rows(run_name: str, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (name, prefix of its metrics) of each row: baselines, the model, the ceiling."""
    suffix = "test/ndcg@10"
    prefixes = [name.removesuffix(suffix) for name in metrics if name.endswith(suffix)]
    rivals = [(prefix.split("/")[1], prefix) for prefix in prefixes if prefix.startswith("baseline/")]
    ceilings = [(prefix.strip("/"), prefix) for prefix in prefixes if prefix.startswith("ceiling")]
    return [*sorted(rivals, key=lambda row: metrics[f"{row[1]}{suffix}"]), (run_name, ""), *ceilings]
