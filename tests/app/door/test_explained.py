import pytest

import seqmine
from seqmine.structs import UserError
from tests.pages import EVIL, page_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return seqmine.load(page_run(tmp_path_factory.mktemp("explained")))


def test_a_recommendation_of_a_user_is_explained_and_saved(run, tmp_path):
    found = run.explain("u3")
    assert found.events.columns == ["position", "item_id", "title", "share"]
    assert found.values["user_id"] == "u3" and found.values["rank"] == 1
    assert found.events["share"].to_list() == [event["share"] for event in found.values["events"]]
    assert run.recommend(["u3"], top_k=1)["item_id"][0] == found.values["item"]["item_id"]
    page = found.save(tmp_path / "why.html").read_text()
    assert "for user u3" in page and EVIL not in page[: page.index("</main>")]
    assert "<script>" not in found._repr_html_() and "Explained(item=" in repr(found)


def test_a_history_of_anybody_and_another_explainer(run):
    found = run.explain(history=["i1", "i2"], item="i9", explainer="recency")
    assert found.values["item"]["item_id"] == "i9" and found.values["explainer"] == "Recency"
    assert found.events["share"].to_list() == [0.5, 1.0]


@pytest.mark.parametrize("asked", [{}, {"user": "u1", "history": ["i1"]}], ids=["nobody", "both"])
def test_one_asker_is_needed(run, asked):
    with pytest.raises(UserError, match="exactly one of user and history"):
        run.explain(**asked)


def test_a_run_writes_its_page(run, tmp_path):
    left_out = [f"~sections.{name}" for name in ("data_card", "slices", "beyond", "calibration")]
    path = run.report(tmp_path / "page.html", sections="quick", overrides=left_out)
    assert path == tmp_path / "page.html" and "tiny: what it learned" in path.read_text()
    assert not (run.folder / "report.html").exists()
