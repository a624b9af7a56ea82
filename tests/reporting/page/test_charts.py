import json

import pytest

from seqmine.reporting.page import charts

NAMED = [{"name": "a.b[0]", "value": 1.0, "low": 0.5, "high": 2.0, "kind": "model", "by": "x"}]
PLACED = [{"x": 1, "y": 2.0, "name": "n", "color": 3, "value": 1.0, "by": "line"}]
FLOW = [{"before": "a", "after": "b", "users": 3, "left": 1.0, "right": 5.0}]
CHARTS = {
    "lines": charts.lines(PLACED, x="epoch", y="loss", by="part", whole=True),
    "times": charts.lines([{"x": "2020-01-01", "y": 1}], x="day", y="events", time=True),
    "bars": charts.bars(NAMED, x="v", y="n"),
    "columns": charts.columns(NAMED, x="v", y="n", by="row"),
    "intervals": charts.intervals(NAMED, x="v", y="n"),
    "points": charts.points(PLACED, x="x", y="y", color="c", is_ordered=True),
    "heat": charts.heat(PLACED, x="x", y="y", value="v"),
    "flow": charts.flow(FLOW),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_fits_the_page_and_is_translated_by_vega(name):
    import vl_convert

    spec = CHARTS[name]
    assert spec["width"] == "container"
    assert vl_convert.vegalite_to_vega(json.dumps({**spec, "width": 400}))["data"]


def test_names_of_a_log_are_values_never_fields():
    spec = charts.bars(NAMED, x="x", y="y")
    assert spec["data"]["values"][0]["name"] == "a.b[0]"
    assert "a.b[0]" not in json.dumps({name: part for name, part in spec.items() if name != "data"})


def test_bands_go_from_left_to_right():
    rows = CHARTS["flow"]["layer"][0]["data"]["values"]
    assert (rows[0]["x"], rows[0]["y"]) == (0, 1.0) and (rows[-1]["x"], rows[-1]["y"]) == (1, 5.0)
