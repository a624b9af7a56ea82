"""Attack a finished run: whose histories was it trained on, and does its promise stand?"""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("audit")
def main(config: DictConfig) -> None:
    """Audit the privacy of the run."""
    from pathlib import Path

    from seqmine.app.auditing import audit
    from seqmine.app.start import start_run
    from seqmine.reporting.privacy_audit import draw_pictures, print_audit
    from seqmine.structs.files import write_json

    found = audit(config)
    start_run(config)
    folder = Path(config.paths.run)
    write_json(folder / "privacy_audit.json", found)
    draw_pictures(found, folder)
    print_audit(found, folder / "privacy_audit.json")


if __name__ == "__main__":
    main()
