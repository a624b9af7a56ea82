"""Tiny models of the configuration, for tests of what may be trained with a promise to users."""

from hydra import compose, initialize_config_dir
from lightning import LightningModule, seed_everything

from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import Catalog

NUM_ITEMS = 11


def model_of(name: str, *overrides: str) -> LightningModule:
    """Build a model for a catalog of eleven items."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", [f"model={name}", "model.embedding_dim=8", "data.max_length=6", *overrides])
    config.paths.run = config.run_name = "tiny"
    seed_everything(0, verbose=False)
    return build(config.model)(catalog=Catalog.of_size(NUM_ITEMS))
