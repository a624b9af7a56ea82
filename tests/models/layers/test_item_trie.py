import numpy as np
import torch

from seqmine.models.layers.item_trie import ItemTrie


def some_trie(seed=0):
    random = np.random.default_rng(seed)
    every = np.stack(np.meshgrid(range(3), range(3), range(3), indexing="ij"), axis=-1).reshape(-1, 3)
    codes = every[random.permutation(27)[:15]]
    return ItemTrie(torch.from_numpy(np.pad(codes, ((1, 0), (0, 0)))))


def ways(trie, digits=(), nodes=(0,)):
    """Return the digits of every leaf below a node, by walking down."""
    level = len(digits)
    if level == trie.num_levels:
        return [(digits, int(trie.items[nodes[0]]))]
    children, real = trie.below(level, torch.tensor(nodes))
    assert int(real.sum()) == int(trie.num_children(level, torch.tensor(nodes)))
    codes = trie.code_of(level + 1, children)
    steps = zip(codes[real].tolist(), children[real].tolist(), strict=True)
    return [leaf for code, child in steps for leaf in ways(trie, (*digits, code), (child,))]


def test_the_leaves_are_the_items_by_their_digits():
    trie = some_trie()
    expected = sorted((tuple(trie.codes[item].tolist()), item) for item in range(1, 16))
    assert ways(trie) == expected
    for level in (1, 2, 3):
        nodes = trie.node_of(level, torch.arange(1, 16))
        assert torch.equal(trie.digits_of(level, nodes), trie.codes[1:, :level])


def test_a_node_is_used_up_when_all_items_below_it_are_taken():
    trie = some_trie()
    first = trie.codes[1, 0]
    below = [item for item in range(1, 16) if trie.codes[item, 0] == first]
    rows = torch.tensor([[*below, below[0]], [*below[1:], below[1], 0], [0] * (len(below) + 1)])
    used = trie.used_up(1, rows)
    assert used[0].sum() == 1 and used[0, trie.node_of(1, torch.tensor(1))]
    assert not used[1:].any()
    assert trie.used_up(3, rows).sum(1).tolist() == [len(below), len(below) - 1, 0]


def test_the_tree_of_other_weights_is_theirs():
    trie, other = some_trie(), some_trie(seed=1)
    assert ways(trie) != ways(other)
    trie.load_state_dict(other.state_dict())
    assert ways(trie) == ways(other) and list(trie.state_dict()) == ["codes"]
