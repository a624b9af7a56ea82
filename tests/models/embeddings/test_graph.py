from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.models.embeddings.graph import GraphItems, transition_graph
from seqmine.structs import Catalog, InteractionLog, UserError
from tests.tiny import call, train

NUM_ITEMS = 9
RANDOM = np.random.default_rng(0)
LOG = InteractionLog.from_lists([RANDOM.integers(1, NUM_ITEMS + 1, RANDOM.integers(0, 12)).tolist() for _ in range(20)])
CATALOG = replace(Catalog.of_size(NUM_ITEMS), training_log=lambda: LOG)


@pytest.mark.parametrize(("window", "num_neighbors"), [(1, 3), (3, 2), (2, 20)])
def test_neighbors_are_the_items_most_often_near(window, num_neighbors):
    counts = {item: Counter() for item in range(NUM_ITEMS + 1)}
    for user in range(LOG.num_users):
        history = LOG.history(user).tolist()
        for place, item in enumerate(history):
            for other in history[place + 1 : place + 1 + window]:
                if other != item:
                    counts[item][other] += 1
                    counts[other][item] += 1
    neighbors, shares = transition_graph(LOG, NUM_ITEMS, window, num_neighbors)
    assert neighbors.shape == (NUM_ITEMS + 1, num_neighbors)
    for item, near in counts.items():
        best = sorted(near, key=lambda other: (-near[other], other))[:num_neighbors]
        assert neighbors[item].tolist() == best + [0] * (num_neighbors - len(best))
        total = sum(near[other] for other in best)
        np.testing.assert_allclose(shares[item][: len(best)], [near[other] / total for other in best], rtol=1e-6)
        assert not shares[item][len(best) :].any()


def test_a_vector_is_its_own_and_the_mean_of_its_neighbors():
    table = GraphItems(catalog=CATALOG, embedding_dim=4, window=2, num_neighbors=3)
    with torch.no_grad():
        table.strength.copy_(torch.tensor([1.0, 0.5, 0.0, 2.0]))
    own = table.own.weight
    for item in range(NUM_ITEMS + 1):
        mean = sum(share * own[near] for near, share in zip(table.neighbors[item], table.shares[item], strict=True))
        torch.testing.assert_close(table.vectors()[item], own[item] + table.strength * mean)


@pytest.mark.parametrize("change", [{"window": 1}, {"num_neighbors": 1}])
def test_every_value_of_the_yaml_matters(change):
    tables = []
    for settings in ({"window": 3, "num_neighbors": 3}, {"window": 3, "num_neighbors": 3} | change):
        torch.manual_seed(0)
        tables.append(GraphItems(catalog=CATALOG, embedding_dim=4, **settings).vectors())
    assert not torch.equal(*tables)


@pytest.mark.parametrize("name", ["window", "num_neighbors"])
def test_a_graph_without_edges_is_refused(name):
    with pytest.raises(UserError, match=f"{name} is 0, allowed are whole numbers from 1"):
        GraphItems(catalog=CATALOG, embedding_dim=4, **({"window": 1, "num_neighbors": 1} | {name: 0}))


def test_a_finished_run_brings_its_graph_with_its_weights():
    trained = GraphItems(catalog=CATALOG, embedding_dim=4, window=2, num_neighbors=3)
    restored = GraphItems(catalog=Catalog.of_size(NUM_ITEMS), embedding_dim=4, window=2, num_neighbors=3)
    assert not restored.shares.any()
    restored.load_state_dict(trained.state_dict())
    assert torch.equal(restored.vectors(), trained.vectors())


def graph_of(folder):
    weights = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    return weights["item_embedding.neighbors"], weights["item_embedding.shares"]


def test_events_of_validation_and_test_never_enter_the_graph(small_log, tmp_path):
    """Another last and second last event of every user, from items that training has: the same graph."""
    histories = [line.split() for line in small_log.read_text().splitlines()]
    changed = [
        [*history[:-2], *reversed(other[-2:])] for history, other in zip(histories, histories[::-1], strict=True)
    ]
    other = tmp_path / "other.txt"
    other.write_text("\n".join(" ".join(history) for history in changed) + "\n")
    graphs = [
        graph_of(train(log, tmp_path / log.stem, "model/item_table=graph", "trainer.limit_train_batches=1"))
        for log in (small_log, other)
    ]
    assert torch.equal(graphs[0][0], graphs[1][0]) and torch.equal(graphs[0][1], graphs[1][1])
    assert graphs[0][1].any()
    again = call(
        "evaluate", tmp_path / "again", f"run={tmp_path / small_log.stem}", "++trainer.enable_progress_bar=false"
    )
    ndcg = [
        (folder / "metrics.json").read_text().split('"test/ndcg@10": ')[1][:8] for folder in (again, tmp_path / "log")
    ]
    assert ndcg[0] == ndcg[1]


def test_a_start_from_another_run_keeps_the_graph_of_its_own_log(small_log, tmp_path):
    first = train(small_log, tmp_path / "first", "model/item_table=graph", "trainer.limit_train_batches=1")
    lines = small_log.read_text().splitlines()
    grown = tmp_path / "grown.txt"
    grown.write_text("\n".join([*lines, "v1 i1 i9 i1 i9 i1 i9 new", "v2 i1 i9 new i9 i1 i9"]) + "\n")
    settings = ("model/item_table=graph", "trainer.limit_train_batches=1")
    second, fresh = (
        train(grown, tmp_path / name, *settings, *more)
        for name, more in (("second", [f"init_from={first}"]), ("fresh", []))
    )
    assert torch.equal(graph_of(second)[0], graph_of(fresh)[0])
    assert len(graph_of(second)[0]) == len(graph_of(first)[0]) + 1
