"""Train a model on sequences: prepare the data, fit, choose the best checkpoint on validation, test once."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("train")
def main(config: DictConfig) -> None:
    """Run one training."""
    from lightning import seed_everything

    from seqmine.app.start import quiet_lightning, settle_protocol, start_run
    from seqmine.reporting.run_table import print_table
    from seqmine.runs.belonging import Belonging
    from seqmine.runs.components import build
    from seqmine.runs.initial_weights import start_from
    from seqmine.runs.results import keep_catalog, write_results
    from seqmine.training.best_checkpoint import best_weights

    quiet_lightning()
    start_run(config)
    seed_everything(config.seed, verbose=False)
    datamodule = build(config.data.module, config.trusted)
    settle_protocol(config, datamodule)
    keep_catalog(datamodule.catalog, config.paths.run)
    module = build(config.model, config.trusted)(catalog=datamodule.catalog)
    start_from(config, module, datamodule)
    belonging = Belonging(datamodule.catalog, config.model)
    callbacks = [*build(config.callbacks, config.trusted).values(), belonging]
    loggers = list(build(config.logger, config.trusted).values())
    trainer = build(config.trainer, config.trusted)(callbacks=callbacks, logger=loggers)
    resumed = belonging.checked(config.ckpt_path, config.paths.run)
    trainer.fit(module, datamodule, ckpt_path=resumed, weights_only=True)
    best = best_weights(trainer)
    trainer.validate(module, datamodule, ckpt_path=best, weights_only=True, verbose=False)
    trainer.test(module, datamodule, ckpt_path=best, weights_only=True, verbose=False)
    print_table(config, write_results(config, trainer, module))


if __name__ == "__main__":
    main()
