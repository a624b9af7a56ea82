"""Score a finished run again, also by another protocol."""

from omegaconf import DictConfig

from seqmine.command_line import program


@program("evaluate")
def main(config: DictConfig) -> None:
    """Run one evaluation."""
    from seqmine.restore import build_trainer, restore_run
    from seqmine.results import write_results
    from seqmine.runs import best_checkpoint, quiet_lightning, start_run

    quiet_lightning()
    settings, module, datamodule = restore_run(config)
    start_run(settings)
    trainer = build_trainer(settings)
    checkpoint = best_checkpoint(config.run)
    trainer.validate(module, datamodule, ckpt_path=checkpoint, weights_only=True, verbose=False)
    trainer.test(module, datamodule, ckpt_path=checkpoint, weights_only=True, verbose=False)
    write_results(settings, trainer, module)


if __name__ == "__main__":
    main()
