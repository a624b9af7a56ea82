"""Turn the content of items into vectors that models can read."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("embed")
def main(config: DictConfig) -> None:
    """Embed the items of one data set."""
    from rich.console import Console

    from seqmine.app.embedding import embed_items
    from seqmine.app.start import start_run

    start_run(config)
    Console().print(f"item vectors: {embed_items(config)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
