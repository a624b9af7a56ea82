"""Recommend the best next items to every user of a run, or to histories from a file; or name items that are alike."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("recommend")
def main(config: DictConfig) -> None:
    """Write recommendations."""
    from seqmine.app.recommending import recommend

    recommend(config)


if __name__ == "__main__":
    main()
