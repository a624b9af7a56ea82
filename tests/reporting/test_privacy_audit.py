from seqmine.reporting.privacy_audit import audit_table, draw_audit

RATES = {"auc": 0.61, "auc_low": 0.5, "auc_high": 0.7, "tpr@1%": 0.02, "tpr@1%_low": 0.01, "tpr@1%_high": 0.03}
GROUP = {"members": 5, "others": 6, **RATES, "tpr@0.1%": 0.0, "tpr@0.1%_low": 0.0, "tpr@0.1%_high": 0.01}


def test_each_group_has_a_row_and_a_place_in_the_picture(tmp_path):
    found = {"canaries": GROUP, "users": {"all": GROUP}}
    table = audit_table(found)
    assert table.row_count == 2
    assert next(iter(table.columns[3].cells)) == "0.610 (0.500 to 0.700)"
    draw_audit(found, tmp_path / "audit.png")
    assert (tmp_path / "audit.png").read_bytes()[:4] == b"\x89PNG"
