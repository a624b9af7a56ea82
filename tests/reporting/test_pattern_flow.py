import numpy as np

from seqmine.mining.symbols import Projection
from seqmine.reporting.pattern_flow import draw_flow, stack_bands
from tests.reporting.shops import judged, shop_log


def test_bands_of_a_group_touch_and_do_not_overlap():
    begins, middles = stack_bands(["a", "b", "a", "c"], np.array([2.0, 1.0, 3.0, 1.0]))
    assert begins[2] == begins[0] + 2
    assert middles["a"] == 2.5
    assert begins[1] > 5


def test_the_picture_is_a_png(tmp_path):
    symbols = Projection()(shop_log(), ["1", "2"], {})
    table = judged(symbols)
    draw_flow(table.take(np.flatnonzero(table.lengths > 1)), lambda symbol: f"$item_{symbol}", tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
