from seqmine.mining.statistics.stability import rank_biased_overlap


def test_rank_biased_overlap_weighs_the_top():
    near = rank_biased_overlap(list("abcdefghij"), list("abcdefghji"))
    far = rank_biased_overlap(list("abcdefghij"), list("bacdefghij"))
    assert far < near < 1
