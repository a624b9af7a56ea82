"""Measure lists or scores of another library by the protocol of a run."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("judge")
def main(config: DictConfig) -> None:
    """Judge one file."""
    from seqmine.app.judging import judge
    from seqmine.app.start import quiet_lightning, start_run
    from seqmine.reporting.run_table import print_table

    quiet_lightning()
    start_run(config)
    print_table(config, judge(config))


if __name__ == "__main__":
    main()
