"""Train a model on sequences: prepare the data, fit, choose the best checkpoint on validation, test once."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("train")
def main(config: DictConfig) -> None:
    """Run one training."""
    from seqmine.app.fit import fit_and_test
    from seqmine.app.start import quiet_lightning, start_run
    from seqmine.reporting.run_table import print_table

    quiet_lightning()
    start_run(config)
    print_table(config, fit_and_test(config))


if __name__ == "__main__":
    main()
