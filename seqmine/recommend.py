"""Recommend the best next items to every user of a run, or to histories from a file."""

from omegaconf import DictConfig

from seqmine.app.program import program


@program("recommend")
def main(config: DictConfig) -> None:
    """Write recommendations."""
    from seqmine.runs.newer_log import for_histories
    from seqmine.runs.restore import reranked, restore_run
    from seqmine.serving.recommendations import histories_of, recommend_to, write_recommendations

    _, module, datamodule = restore_run(config)
    module, catalog = for_histories(config, module, datamodule)
    module, _ = reranked(config, module, datamodule)
    histories = histories_of(config, datamodule, catalog)
    lists = recommend_to(
        module, catalog, histories, top_k=config.top_k, batch_size=config.batch_size, seen=datamodule.seen
    )
    write_recommendations(lists, config)


if __name__ == "__main__":
    main()
