"""Make semantic ids of items from their vectors, for generative retrieval, and say how good they are."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("tokenize")
def main(config: DictConfig) -> None:
    """Tokenize the items of one table of vectors."""
    from rich.console import Console

    from seqmine.app.start import start_run
    from seqmine.app.tokenizing import print_quality, tokenize_items

    start_run(config)
    path, found = tokenize_items(config)
    print_quality(found)
    Console().print(f"semantic ids: {path}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
