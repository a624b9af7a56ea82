import pytest

from seqmine.data.cleaning.audit import Audit
from seqmine.data.cleaning.edges import AllButLast, WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.single_events import ExactDuplicates, RepeatsWithin
from seqmine.data.features import Features
from seqmine.data.preparation import preparation_fingerprint, prepare_into
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.splits import LeaveLastK, LeaveOneOut

ROWS = [f"u{user},i{(user + step) % 9},{1_500_000_000 + 100 * step}" for user in range(20) for step in range(8)]


def log_file(path, *more):
    path.write_text("\n".join(["user_id,item_id,timestamp", *ROWS, *more]) + "\n")
    return InteractionFiles(path=str(path))


def test_the_audit_begins_with_the_rows_of_the_files(tmp_path):
    source = log_file(tmp_path / "log.csv", ",i1,5", "u1,,5", "u1,NA,5", ROWS[0])
    cleaning = Cleaning(steps=[ExactDuplicates()], edge=WholeLog())
    prepare_into(tmp_path / "store" / "log", source, cleaning, LeaveOneOut(), Features())
    audit = Audit.from_json((tmp_path / "store" / "log" / "audit.json").read_text(), WholeLog())
    assert audit.source.rows == len(ROWS) + 4
    assert [(row.step, row.before.rows - row.after.rows) for row in audit.rows] == [
        ("reading: item_id is missing", 2), ("reading: user_id is missing", 1), ("ExactDuplicates()", 1)
    ]  # fmt: skip


def parts(tmp_path):
    return {
        "source": log_file(tmp_path / "log.csv"),
        "cleaning": Cleaning(steps=[RepeatsWithin(seconds=5)], edge=WholeLog()),
        "split": LeaveOneOut(),
        "features": Features(),
    }


@pytest.mark.parametrize(
    "other",
    [
        {"cleaning": Cleaning(steps=[RepeatsWithin(seconds=6)], edge=WholeLog())},
        {"cleaning": Cleaning(steps=[RepeatsWithin(seconds=5)], edge=AllButLast(num_events=2))},
        {"split": LeaveLastK(k=2)},
        {"features": Features(target_behavior="buy")},
    ],
)
def test_a_store_has_the_name_of_all_that_shaped_it(other, tmp_path):
    usual = preparation_fingerprint(**parts(tmp_path))
    assert usual == preparation_fingerprint(**parts(tmp_path))
    assert usual != preparation_fingerprint(**{**parts(tmp_path), **other})
    assert usual != preparation_fingerprint(**{**parts(tmp_path), "source": log_file(tmp_path / "log.csv", ROWS[0])})
