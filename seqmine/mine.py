"""Mine sequential patterns, prove them, and hold them against people, days and a trained model."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("mine")
def main(config: DictConfig) -> None:
    """Run one mining task."""
    from pathlib import Path

    from seqmine.app.start import start_run
    from seqmine.app.subject import subject_of
    from seqmine.runs.components import build

    start_run(config)
    task = build(config.task, config.trusted)
    subject = subject_of(config)
    task.run(subject, Path(config.paths.run), list(build(config.logger, config.trusted).values()))


if __name__ == "__main__":
    main()
