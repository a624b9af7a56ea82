from seqmine.mining.engine.work import new_work
from seqmine.probing.database import build_database
from seqmine.structs import InteractionLog


def test_scratch_is_as_large_as_the_log_and_clean():
    db = build_database(InteractionLog.from_lists([[5, 9, 5], [9]]), 1, False)
    work = new_work(db)
    assert len(work.count) == len(work.found) == len(work.seen) == 2
    assert work.candidates.shape == (5, 2), "an event ends one child at most"
    assert not work.count.any()
    assert (work.slot == -1).all()
    other = new_work(db)
    other.count[0] = 1
    assert not work.count.any(), "threads share nothing"
