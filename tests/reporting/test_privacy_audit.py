from seqmine.reporting.privacy_audit import audit_table, draw_pictures, memorization_table

RATES = {"auc": 0.61, "auc_low": 0.5, "auc_high": 0.7, "tpr@1%": 0.02, "tpr@1%_low": 0.01, "tpr@1%_high": 0.03}
GROUP = {"members": 5, "others": 6, **RATES, "tpr@0.1%": 0.0, "tpr@0.1%_low": 0.0, "tpr@0.1%_high": 0.01}


def test_each_group_has_a_row_and_a_place_in_the_picture(tmp_path):
    found = {"canaries": GROUP, "users": {"all": GROUP}}
    table = audit_table(found)
    assert table.row_count == 2
    assert next(iter(table.columns[3].cells)) == "0.610 (0.500 to 0.700)"
    draw_pictures(found, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["privacy_audit.png"]
    assert (tmp_path / "privacy_audit.png").read_bytes()[:4] == b"\x89PNG"


def test_completed_histories_stand_beside_those_that_were_never_seen(tmp_path):
    shares = {"first": 0.5, "top_10": 0.9, "exposure": 4.0}
    intervals = {f"{name}_{end}": value for name, value in shares.items() for end in ("low", "high")}
    one = {"histories": 4, **shares, **intervals, "median_rank": 2.5, "exposures": [5.0, 5.0, 4.0, 2.0]}
    completed = {"candidates": 32, "trained_on": one, "never_seen": {**one, "first": 0.0, "histories": 3}}
    cells = [list(column.cells) for column in memorization_table(completed).columns]
    assert cells[:3] == [["trained on", "never seen"], ["4", "3"], ["50.0% (50.0% to 50.0%)", "0.0% (50.0% to 50.0%)"]]
    draw_pictures({"canaries": GROUP, "memorization": completed}, tmp_path)
    assert (tmp_path / "memorization.png").read_bytes()[:4] == b"\x89PNG"
