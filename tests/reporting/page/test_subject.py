import polars as pl
import pytest

from seqmine.reporting.page.blocks import Words
from seqmine.reporting.page.subject import section_of
from seqmine.structs import UserError
from tests.pages import page_subject


def test_what_is_read_and_asked_of_a_run(subject):
    assert subject.name == "tiny"
    assert set(subject.rivals) == {"popularity", "markov", "ngram"}
    assert next(iter(subject.gains)) == "tiny" and len(subject.gains["markov"]) == len(subject.targets)
    for name, values in subject.gains.items():
        prefix = "" if name == "tiny" else f"baseline/{name}/"
        assert values.mean() == pytest.approx(subject.metrics[f"{prefix}test/ndcg@10"])
    assert subject.lists.shape == (len(subject.cases), 10)
    hits = (subject.lists == subject.cases.items[:, None]).any(axis=1).mean()
    assert hits == pytest.approx(subject.metrics["test/hit_rate@10"]), "the lists are those of the test"


def test_the_ranks_of_rivals_are_kept_beside_those_of_the_model(page_folder):
    frame = pl.read_parquet(page_folder / "baselines_per_user.parquet")
    assert set(frame["row"]) == {"baseline/popularity", "baseline/markov", "baseline/ngram"}
    own = pl.read_parquet(page_folder / "per_user.parquet").filter(split="test")
    assert len(frame) == 3 * len(own)


def test_a_section_that_lacks_something_says_so(subject):
    class Lacks:
        title = "Lacks"

        def __call__(self, subject):
            raise UserError("nothing is there; set x=1")

    class Has(Lacks):
        def __call__(self, subject):
            return [Words("there")]

    section = section_of(Lacks(), subject)
    assert [block.kind for block in section.blocks] == ["note"]
    assert section.blocks[0].text == "Nothing is there; set x=1."
    assert section_of(Has(), subject).blocks == [Words("there")]


REFUSED = {
    "patterns=nowhere": "patterns is 'nowhere', which has no patterns.parquet",
    "runs=nowhere/*": "no finished run",
}


@pytest.mark.parametrize("override", REFUSED)
def test_what_cannot_be_told_of_is_refused_before_anything_is_measured(page_folder, override):
    with pytest.raises(UserError, match=REFUSED[override]):
        page_subject(page_folder, override)


def test_a_folder_that_is_no_finished_run_is_refused(page_folder, tmp_path):
    with pytest.raises(UserError, match=r"no config\.yaml"):
        page_subject(tmp_path)
