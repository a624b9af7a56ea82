"""Tell of a finished run, or of runs side by side, on one HTML page that opens from disk."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("report")
def main(config: DictConfig) -> None:
    """Write the page."""
    from pathlib import Path

    from seqmine.app.start import start_run
    from seqmine.app.telling import sections_of, subject_of_page
    from seqmine.reporting.page.file import write_page
    from seqmine.reporting.page.pictures import log_pictures
    from seqmine.reporting.run_loggers import logged_to
    from seqmine.runs.components import build_group

    subject = subject_of_page(config)
    start_run(config)
    sections = sections_of(config, subject)
    folder = Path(config.paths.run)
    write_page(subject, sections, folder / "report.html")
    loggers = list(build_group(config.logger, config.trusted).values())
    with logged_to(loggers, config):
        log_pictures(loggers, sections, folder / "pictures")


if __name__ == "__main__":
    main()
