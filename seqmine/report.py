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

    subject = subject_of_page(config)
    start_run(config)
    sections = sections_of(config, subject)
    write_page(subject, sections, Path(config.paths.run) / "report.html")


if __name__ == "__main__":
    main()
