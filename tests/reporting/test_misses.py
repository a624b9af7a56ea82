import numpy as np

from seqmine.mining.judging.misses import Misses
from seqmine.mining.symbols import Projection
from seqmine.reporting.misses import fall_note, miss_rows, show_misses
from tests.reporting.shops import judged, shop_log


def missed(released=0):
    symbols = Projection()(shop_log(), ["lamp", "bulb"], {})
    table = judged(symbols).with_columns(released=np.full(4, released, np.bool_))
    reasons = ["one symbol is no rule", "[b]q-value 0.06", "direction p-value 0.0106", "one symbol is no rule"]
    return table, symbols, Misses(reasons, {"significant": 1, "directed": 1}, np.array([1]), np.array([2]))


def test_an_empty_result_says_where_patterns_fell_and_what_nearly_passed(capsys):
    show_misses(*missed(), 3)
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("1 sets come together, in either order", "lamp + bulb", "1 near misses", "[b]q-value 0.06"):
        assert words in shown
    assert fall_note(missed()[2]).endswith("1 significant, 1 directed.")


def test_near_misses_are_left_out_where_enough_is_released(capsys):
    show_misses(*missed(released=1), 3)
    assert "near misses" not in capsys.readouterr().out


def test_the_report_lists_both_with_reasons():
    rows = miss_rows(*missed(), 5)
    assert rows["near_misses"][0]["reason"] == "[b]q-value 0.06"
    assert rows["come_together"][0]["text"] == "lamp → bulb"


def test_a_result_of_single_items_says_what_finds_more():
    nothing = {"significant": 0, "directed": 0}
    alone = Misses(["one symbol is no rule"], nothing, np.array([]), np.array([]))
    assert fall_note(alone).startswith("No pattern has two symbols or more; a lower miner.min_support")
    released = Misses(["one symbol is no rule", ""], nothing, np.array([]), np.array([]))
    assert fall_note(released) == "Every pattern of two symbols or more that was judged is released."
