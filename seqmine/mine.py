"""Mine sequential patterns, test them, and hold them against held-out users, later days and a trained model."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("mine")
def main(config: DictConfig) -> None:
    """Run one study of a log."""
    import logging
    from pathlib import Path

    from seqmine.app.start import start_run
    from seqmine.app.subject import subject_of
    from seqmine.reporting.patterns import shown_stages
    from seqmine.runs.components import build, build_group
    from seqmine.structs.progress import stage

    start_run(config)
    study = build(config.task.study, config.trusted)
    report = build(config.task.report, config.trusted)
    subject = subject_of(config)
    loggers = list(build_group(config.logger, config.trusted).values())
    with shown_stages("mining") as progress:
        findings = study.find(subject, progress)
        stage("tables and pictures")
        report(findings, Path(config.paths.run), loggers)
    logging.getLogger("seqmine.mine").info("run folder: %s", config.paths.run)


if __name__ == "__main__":
    main()
