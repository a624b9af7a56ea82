"""Hold finished runs side by side: mean and spread over seeds, paired tests of stored ranks, slices."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("leaderboard")
def main(config: DictConfig) -> None:
    """Compare the runs that match."""
    from pathlib import Path

    from seqmine.app.start import start_run
    from seqmine.reporting.leaderboard import show, write
    from seqmine.runs.leaderboard import compare_runs

    board = compare_runs(config)
    start_run(config)
    write(board, Path(config.paths.run))
    show(board, list(config.columns), config.num_shown)


if __name__ == "__main__":
    main()
