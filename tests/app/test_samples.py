import pytest

from seqmine.app import fit
from tests import tiny

COUNTS = ["privacy=counts", "privacy.epsilon=3", "privacy.delta=1e-3", "model=private_patterns"]


@pytest.mark.parametrize(("settings", "tables"), [(["model=popularity"], ["recommendations"]), (COUNTS, [])])
def test_lists_of_users_are_shown_unless_a_promise_forbids_it(settings, tables, small_log, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(fit, "log_table", lambda loggers, name, make: made.append((name, make())))
    monkeypatch.setattr(tiny, "SMALL", [setting for setting in tiny.SMALL if not setting.startswith("model.")])
    tiny.train(small_log, tmp_path / "run", *settings)
    assert [name for name, _ in made] == tables
    for _, table in made:
        assert table["user"].to_list() == [user for user in range(10) for _ in range(5)]
