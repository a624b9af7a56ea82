"""Recommend the best next items to every user of a run, or to histories from a file."""

from omegaconf import DictConfig

from seqmine.command_line import program


@program("recommend")
def main(config: DictConfig) -> None:
    """Write recommendations."""
    from seqmine.recommendations import histories_of, recommend_to, write_recommendations
    from seqmine.restore import load_module

    module, catalog, settings = load_module(config.run)
    histories = histories_of(config, settings, catalog)
    lists = recommend_to(
        module, catalog, histories, top_k=config.top_k, batch_size=config.batch_size, seen=settings.evaluation.seen
    )
    write_recommendations(lists, config)


if __name__ == "__main__":
    main()
