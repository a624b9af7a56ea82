import json
import math

import numpy as np
import polars as pl
import pytest
import torch

from seqmine.explanation.counterfactual import Addition, Deletion
from seqmine.explanation.faithfulness.consistency import Agreement, Consistency
from seqmine.explanation.faithfulness.judgement import DECIDING, Difference, Verdict
from seqmine.explanation.question import Attribution
from seqmine.explanation.reason import Reason
from seqmine.explanation.support import Precedent
from seqmine.reporting.explanation import Answer, sentences, show_answer, verdict_sentences
from seqmine.structs import Catalog

CATALOG = Catalog(["a", "b", "c"], torch.tensor([0, 1, 1, 1]), {"title": ["[red]A[/red]", "<script>B", None]})


def reason(**changes):
    settings = {
        "item": 3, "history": (1, 2), "rank": 1, "probability": 0.5, "top_k": 2,
        "attribution": Attribution(np.array([0.25, -0.5]), 0.125), "measures": {"PN-S": 1.0, "size": math.nan},
        "deletion": Deletion((0,), 3, is_minimal=True), "addition": None,
    }  # fmt: skip
    return Reason(**(settings | changes))


def verdict(high=-0.1, low=0.7):
    measures = [f"list/{name}@2" for name in DECIDING]
    ends = {name: (-0.2, high) if "POS" in name or "DEL" in name else (0.1, 0.2) for name in measures}
    differences = [Difference("random", name, 0.0, *ends[name]) for name in measures]
    means = {name: dict.fromkeys(measures, 0.5) for name in ("explainer", "random")}
    again = Consistency(0.9, 0.1, low, 0.9, {"recency": Agreement(0.3, math.nan)})
    falling = {"POS-P": [1 - tenth / 10 for tenth in range(11)], "NEG-P": [1.0] * 11}
    curves = {"explainer": falling, "random": {"POS-P": [1.0] * 11, "NEG-P": [1.0] * 11}}
    return Verdict(7, means, dict.fromkeys(measures, (0.4, 0.6)), differences, 2, again, curves)


def answer(found=None, **changes):
    settings = {
        "user_id": "u", "explainer": "Deletion", "caution": "", "reason": found or reason(),
        "precedents": [Precedent((1,), 40, None), Precedent((1, 2), None, None)], "min_users": 20, "patterns": None,
        "verdict": None,
    }  # fmt: skip
    return Answer(**(settings | changes))


def test_json_has_keys_and_titles_and_no_numbers_that_are_none():
    told = answer(verdict=verdict()).to_json(CATALOG)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["item"] == {"item_id": "c", "title": None}
    assert told["events"][1] == {"position": 2, "item_id": "b", "title": "<script>B", "share": -0.5}
    assert told["measures"] == {"PN-S": 1.0, "size": None}
    assert told["smallest_deletion"]["events"] == [told["events"][0]]
    assert told["smallest_deletion"]["is_proved_minimal"] is True
    assert told["precedents"][1]["num_users"] is None
    assert told["faithfulness"]["not_better_than"] == {}
    assert told["faithfulness"]["consistency"]["agreement"] == {"recency": {"correlation": 0.3, "shared": None}}
    assert answer(reason(attribution=Attribution(np.zeros(2)))).to_json(CATALOG)["completeness_gap"] is None


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (reason(), "without [red]A[/red] it falls to rank 3, out of the top 2 (no smaller set does)"),
        (reason(deletion=Deletion((0, 1), 3, is_minimal=False)), "(found greedily, a smaller set may do)"),
        (reason(deletion=None), "no deletion takes it out of the top 2, not even that of all events"),
        (reason(rank=3, deletion=None, addition=Addition(2, 1, 4)), "one more event, <script>B, would bring it to rank 1; 3 other"),
        (reason(rank=3, deletion=None), "no single event more would bring it in (every item was tried)"),
        (reason(), "completeness gap: the shares miss what they should add up to by +0.12"),
        (reason(), "40 other training users had [red]A[/red]; of them had c later: too few to be told"),
        (reason(), "too few other training users"),
    ],
)  # fmt: skip
def test_what_is_known_is_said_in_sentences(found, sentence):
    assert any(sentence in said for said in sentences(answer(found), CATALOG))


def test_cautions_and_patterns_are_said():
    patterns = pl.DataFrame({"pattern": [["a", "c"]], "support_count": [9]})
    said = sentences(answer(caution="a picture", patterns=patterns), CATALOG)
    assert said[0] == "caution: a picture"
    assert said[-2:] == ["1 mined patterns support it", "  [red]A[/red] -> c (9 users)"]


def test_an_explainer_that_is_not_better_is_named():
    assert verdict_sentences("Lime", verdict())[0] == (
        "Lime is better than random in PN-S, POS-P, NEG-P, DEL, INS, each with its whole interval"
    )
    said = verdict_sentences("Lime", verdict(high=0.1))[0]
    assert said.startswith("Lime is NOT better than random in POS-P@2, DEL@2")


def test_titles_stay_text_in_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    show_answer(answer(verdict=verdict()), CATALOG)
    printed = capsys.readouterr().out
    assert "[red]A[/red]" in printed and "<script>B" in printed
    assert printed.index("+0.2500") < printed.index("-0.5000")  # the most important event first
    assert "faithfulness on the lists of 7 validation users" in printed


def test_an_explainer_that_does_not_ask_the_model_is_named():
    stable, differs, agrees = verdict_sentences("Lime", verdict())[1:]
    assert stable.endswith("to a rank correlation of 0.90")
    assert differs.startswith("a model of shuffled parameters is explained differently: rank correlation 0.10, +0.70")
    assert agrees.startswith("it agrees with recency to a rank correlation of 0.30")
    said = verdict_sentences("Lime", verdict(low=-0.1))[2]
    assert said.startswith("Lime explains a model of shuffled parameters NOT differently")
