"""Clean, split and store a log; print what cleaning dropped and whether anything leaks."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("prepare")
def main(config: DictConfig) -> None:
    """Prepare one log."""
    from pathlib import Path

    from seqmine.app.preparing import log_to_prepare
    from seqmine.app.start import start_run
    from seqmine.reporting.log_picture import draw_log
    from seqmine.reporting.preparation import print_preparation

    start_run(config)
    datamodule = log_to_prepare(config)
    datamodule.prepare_data()
    audit, leaks = datamodule.audit(), datamodule.leaks()
    audit.write(Path(config.paths.run) / "audit.json")
    draw_log(datamodule.prepared, Path(config.paths.run) / "log.png", config.seed)
    print_preparation(audit, leaks, datamodule.folder)


if __name__ == "__main__":
    main()
