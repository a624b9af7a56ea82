"""Erase users from prepared logs, and name the runs and checkpoints that saw them."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("forget")
def main(config: DictConfig) -> None:
    """Forget the users."""
    from pathlib import Path

    from seqmine.app.forgetting import forget
    from seqmine.app.start import start_run
    from seqmine.reporting.erasure import print_erasure
    from seqmine.structs.files import write_json

    erasure = forget(config)
    start_run(config)
    path = Path(config.paths.run) / "erasure.json"
    write_json(path, erasure)
    print_erasure(erasure, path)


if __name__ == "__main__":
    main()
