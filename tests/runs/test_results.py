from seqmine.runs.results import table_rows

NDCG = {"": 0.3, "baseline/markov/": 0.2, "baseline/popularity/": 0.1, "ceiling/": 0.4}


def test_rows_are_baselines_by_strength_then_the_model_then_the_ceiling():
    metrics = {f"{prefix}test/ndcg@10": value for prefix, value in NDCG.items()}
    names = [name for name, _ in table_rows("mine", metrics)]
    assert names == ["popularity", "markov", "mine", "ceiling"]
