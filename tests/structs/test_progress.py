from contextlib import contextmanager

import pytest

from seqmine.structs.progress import progress, shown_by


@pytest.mark.parametrize(("total", "seen"), [(9, []), (10, [("work", 10), 4, 6])])
def test_long_work_is_shown_and_short_work_is_not(total, seen):
    told = []

    @contextmanager
    def bar(total, what):
        told.append((what, total))
        yield told.append

    with shown_by(bar), progress(total, "work", least=10) as advance:
        advance(4)
        advance(6)
    assert told == seen
    with progress(total, "work", least=10) as advance:
        advance(4)
    assert told == seen, "nobody shows it any more"
