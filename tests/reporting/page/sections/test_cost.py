from tests.pages import writer


def test_seconds_memory_and_throughput_are_told(subject):
    [table] = writer(subject, "cost")(subject)
    rows = dict(table.rows)
    assert "seconds in all" in rows and "parameters" in rows
    assert "processors" in table.caption
