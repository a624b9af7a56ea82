import pytest

from seqmine.metrics.candidates import CANDIDATES
from seqmine.metrics.functional import TIES
from seqmine.reporting.page.sections import methods
from tests.pages import page_subject, writer


def test_the_protocol_is_stated_in_words(subject):
    ranking, tests, patterns, explained = (block.text for block in writer(subject, "methods")(subject))
    assert "the last event of each user is the test target" in ranking.lower()
    assert "the whole catalog" in ranking and "val/ndcg@10 on validation" in ranking
    assert "Holm" in tests and "permutes" in patterns and "random" in explained


OTHER = {"candidates": ("uniform_100", "flatters"), "seen": ("none", "as any other"),
         "horizon": ("7 days", "he last horizon of each user is for test and"),
         "unseen_targets": ("drop", "left out"), "split": ("Own", "chosen by Own")}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_other_protocols_have_other_words(page_folder, name):
    subject = page_subject(page_folder)
    value, words = OTHER[name]
    subject.metrics["protocol"][name] = value
    assert words in writer(subject, "methods")(subject)[0].text


def test_every_word_of_the_protocol_is_known():
    assert set(methods._CANDIDATES) == set(CANDIDATES)
    assert set(methods._TIES) == set(TIES)
