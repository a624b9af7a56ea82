"""Score a finished run again, also by another protocol or on a newer log."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("evaluate")
def main(config: DictConfig) -> None:
    """Run one evaluation."""
    from seqmine.app.start import quiet_lightning, settle_protocol, start_run
    from seqmine.reporting.run_table import print_table
    from seqmine.runs.newer_log import on_the_log
    from seqmine.runs.restore import build_trainer, reranked, restore_run
    from seqmine.runs.results import write_results

    quiet_lightning()
    settings, module, datamodule = restore_run(config)
    module, mapped = on_the_log(config.run, module, datamodule)
    start_run(settings, asked=config)
    settle_protocol(settings, datamodule)
    trainer = build_trainer(settings, config.run)
    module, chosen = reranked(config, settings, module, datamodule)
    trainer.validate(module, datamodule, verbose=False)
    trainer.test(module, datamodule, verbose=False)
    print_table(settings, write_results(settings, trainer, module, {**mapped, **chosen}))


if __name__ == "__main__":
    main()
