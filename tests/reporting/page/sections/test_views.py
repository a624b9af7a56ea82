import pytest

from tests.pages import page_subject, writer

FEW = ["sections.views.num_users=5", "sections.views.num_named=3", "sections.views.num_events=4"]


@pytest.fixture(scope="module")
def blocks(page_folder):
    subject = page_subject(page_folder, *FEW)
    return writer(subject, "views")(subject)


def test_every_view_is_drawn(blocks):
    charts = [block.caption for block in blocks if block.kind == "chart"]
    assert charts == [
        "Attention by head and distance",
        "Mean size of the share by events ago",
        "Mean size of the share by time gap",
        "Map of the 30 most popular items, colored by training events",
        "Length of the item vector by popularity",
    ]
    [grid] = [block for block in blocks if block.kind == "grid"]
    assert len(grid.rows) == 3 and len(grid.columns) == 7
    heads = next(block for block in blocks if block.kind == "chart").spec["data"]["values"]
    assert {row["y"] for row in heads} == {"layer 1, head 1", "layer 1, head 2", "layer 2, head 1", "layer 2, head 2"}
    assert sum(row["value"] for row in heads if row["y"] == "layer 1, head 1") < 1.0001


def test_an_attribute_colors_the_map_and_one_that_is_unknown_is_refused(page_folder):
    subject = page_subject(page_folder, *FEW, "sections.views.color=title")
    colored = [block for block in writer(subject, "views")(subject) if block.kind == "chart"][-2]
    values = {row["color"] for row in colored.spec["data"]["values"]}
    assert len(values) == 8 and "other" in values
    subject = page_subject(page_folder, *FEW, "sections.views.color=brand")
    notes = [block.text for block in writer(subject, "views")(subject) if block.kind == "note"]
    assert notes == ["Color is 'brand', which is no attribute of the items, those are: title."]
