import torch

from seqmine.models.layers.relative_bias import PositionTimeBias, TimeGapBias, time_bucket
from seqmine.structs import SequenceBatch


def make_batch(timestamps):
    items = torch.ones(1, 4, dtype=torch.int64)
    return SequenceBatch(items, items, torch.tensor([4]), torch.zeros(1, dtype=torch.int64), timestamps=timestamps)


def test_bias_is_the_sum_of_distance_and_gap():
    layer = PositionTimeBias(max_length=4, num_time_buckets=30)
    times = [1_000_000_000, 1_000_000_005, 1_000_086_400, 1_200_000_000]
    bias = layer(make_batch(torch.tensor([times])))[0]
    for query in range(4):
        for key in range(query + 1):
            bucket = time_bucket(torch.tensor(times[query] - times[key]), 31)
            expected = layer.position_bias[query - key] + layer.time_bias[bucket]
            assert bias[query, key] == expected


def test_without_time_all_gaps_are_alike():
    layer = PositionTimeBias(max_length=4, num_time_buckets=30)
    bias = layer(make_batch(None))[0]
    torch.testing.assert_close(bias.diagonal(), (layer.position_bias[0] + layer.time_bias[0]).expand(4))


def test_histories_longer_than_the_table_share_its_last_bias():
    layer = PositionTimeBias(max_length=2, num_time_buckets=3)
    bias = layer(make_batch(None))[0]
    assert bias[3, 0] == bias[3, 1] == bias[3, 2]


def test_buckets_grow_with_the_gap():
    buckets = time_bucket(2 ** torch.arange(40), 129)
    assert (buckets.diff() > 0).all()


def test_each_head_has_its_bias_of_distance_and_gap():
    layer = TimeGapBias(num_heads=2, max_distance=3, num_time_buckets=30)
    torch.nn.init.normal_(layer.distance_bias)
    torch.nn.init.normal_(layer.time_bias)
    times = [1_000_000_000, 1_000_000_005, 1_000_086_400, 1_200_000_000]
    bias = layer(make_batch(torch.tensor([times])))
    assert bias.shape == (1, 2, 4, 4)
    for head in range(2):
        for query in range(4):
            for key in range(query + 1):
                bucket = time_bucket(torch.tensor(times[query] - times[key]), 31)
                expected = layer.distance_bias[head, query - key] + layer.time_bias[head, bucket]
                assert bias[0, head, query, key] == expected


def test_time_alone_tells_histories_apart():
    layer = TimeGapBias(num_heads=1, max_distance=3, num_time_buckets=30)
    torch.nn.init.normal_(layer.time_bias)
    slow, fast = (layer(make_batch(torch.arange(4).unsqueeze(0) * step)) for step in (100_000, 10))
    assert not torch.equal(slow, fast)
    assert torch.equal(slow.diagonal(dim1=2, dim2=3), fast.diagonal(dim1=2, dim2=3))
