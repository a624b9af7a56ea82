import pytest

from tests.pages import page_subject, writer

ONE = ["sections.explanations.num_users=1", "sections.explanations.num_worst=1", "release.min_users=5"]
FAST = ["faithfulness.num_users=4", "faithfulness.num_resamples=20", *ONE]


@pytest.mark.parametrize("show_ids", ["true", "false"])
def test_users_are_numbered_unless_their_ids_are_asked_for(page_folder, show_ids):
    subject = page_subject(page_folder, *ONE, "faithfulness=none", f"report.show_ids={show_ids}")
    blocks = writer(subject, "explanations")(subject)
    titles = [block.text for block in blocks if block.kind == "heading"]
    words = {word for title in titles for word in title.split()}
    assert bool(words & set(subject.data.prepared.user_ids)) is (show_ids == "true")
    if show_ids == "false":
        assert titles == ["Users that were drawn: number 1", "Worst served users: number 1"]
    assert "was not measured" in blocks[-1].text


def test_the_first_recommendation_is_explained_and_the_method_is_judged(page_folder):
    subject = page_subject(page_folder, *FAST)
    blocks = writer(subject, "explanations")(subject)
    drawn = [block for block in blocks if block.kind == "chart"]
    assert [chart.caption[:5] for chart in drawn] == ["What ", "What ", "POS-P", "NEG-P"]
    first = max(drawn[0].spec["data"]["values"], key=lambda row: row["value"])
    assert first["value"] > 0 and drawn[0].alt.endswith(f"is {first['name']}.")
    assert "at rank" in next(block.text for block in blocks if block.kind == "words")
    table = blocks[-1]
    assert "recency" in table.columns and table.rows[0][0].startswith("PN-S")


def test_the_worst_served_are_those_whose_next_item_has_the_highest_rank(subject):
    drawn, worst, ranks = writer(subject, "explanations")._chosen(subject)
    assert ranks[worst[0]] == ranks.max() and not set(drawn) & set(worst)
    assert len(ranks) == len(subject.cases) and len(drawn) == len(worst) == 3
