"""Score a finished run again, also by another protocol."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("evaluate")
def main(config: DictConfig) -> None:
    """Run one evaluation."""
    from seqmine.app.fit import score_again
    from seqmine.app.start import quiet_lightning, start_run
    from seqmine.reporting.run_table import print_table
    from seqmine.runs.newer_log import on_the_log
    from seqmine.runs.restore import restore_run

    quiet_lightning()
    settings, module, datamodule = restore_run(config)
    module, mapped = on_the_log(config.run, module, datamodule)
    start_run(settings, asked=config)
    print_table(settings, score_again(config, settings, module, datamodule, mapped))


if __name__ == "__main__":
    main()
