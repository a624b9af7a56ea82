"""Explain recommendations of a run: which events made them, what would change them, and how faithful that is."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("explain")
def main(config: DictConfig) -> None:
    """Write explanations."""
    from seqmine.app.explaining import answer

    answer(config)


if __name__ == "__main__":
    main()
