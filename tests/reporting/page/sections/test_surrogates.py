from tests.pages import page_subject, writer


def test_rules_stand_beside_their_fidelity(page_folder):
    subject = page_subject(page_folder, "sections.surrogates.fit.num_users=60", "sections.surrogates.fit.list_length=3")
    blocks = writer(subject, "surrogates")(subject)
    [grid] = [block for block in blocks if block.kind == "grid"]
    assert [row[0] for row in grid.rows] == [
        "decision tree",
        "sparse linear model",
        "decision tree of the last event alone",
    ]
    assert all(0 <= row[1] <= 1 and row[2] <= row[1] <= row[3] for row in grid.rows)
    [rules] = [block.text for block in blocks if block.kind == "code"]
    assert rules.startswith("if ") and "listed: " in rules
    [picture] = [block for block in blocks if block.kind == "picture"]
    assert picture.png.startswith(b"\x89PNG")
    assert "held-out" in grid.caption and "puts a listed item above another one" in blocks[0].text
