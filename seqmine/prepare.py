"""Clean, split and store a log; print what cleaning dropped and whether anything leaks."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("prepare")
def main(config: DictConfig) -> None:
    """Prepare one log."""
    from pathlib import Path

    from rich.console import Console

    from seqmine.app.start import start_run
    from seqmine.reporting.log_picture import draw_log
    from seqmine.runs.components import build

    start_run(config)
    datamodule = build(config.data.module, config.trusted)
    datamodule.prepare_data()
    audit, leaks = datamodule.audit(), datamodule.leaks()
    audit.write(Path(config.paths.run) / "audit.json")
    draw_log(datamodule.prepared, Path(config.paths.run) / "log.png", config.seed)
    Console().print(audit.table(), leaks.table(), f"stored in {datamodule.folder}")


if __name__ == "__main__":
    main()
