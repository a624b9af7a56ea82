"""How the numbers came about, in words for a paper."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.reporting.page.blocks import Block, Words
from seqmine.reporting.page.subject import Subject

_SPLITS = {
    "LeaveOneOut": "the last event of each user is the test target and the one before it the validation target",
    "LeaveLastK": "the last events of each user are test targets and those before them validation targets",
    "GlobalTime": "events after one moment in time are targets, and training knows nothing of that time",
    "UserHoldout": "the users of validation and test are no users of training",
}
_HORIZONS = _SPLITS | {
    "LeaveOneOut": "the last horizon of each user is for test and the one before it for validation",
    "GlobalTime": "a horizon begins with each part, which are periods of time, and training knows nothing of them",
}
_SEEN = {
    "full": "all items that the user had before are no candidates",
    "window": "items of the input are no candidates",
    "none": "items that the user had before are candidates as any other",
}
_CANDIDATES = {
    "full": "the whole catalog",
    "available": "the items that were there at the moment of the target",
    "uniform_100": "the target and 100 items drawn evenly, which flatters every model",
    "popularity_100": "the target and 100 items drawn by popularity, which flatters every model",
}
_TIES = {
    "pessimistic": "an item of the same score counts before the target",
    "mean": "half of the items of the same score count before the target",
    "optimistic": "an item of the same score counts behind the target",
}


_UNSEEN = {
    "keep": "count as misses",
    "drop": "are left out",
    "score": "are ranked by their content, where the model reads it",
}


class Methods:
    """Protocol, tests, null models and corrections as a paragraph."""

    title: ClassVar[str] = "Methods"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the paragraphs."""
        said = subject.metrics["protocol"]
        split = _SPLITS.get(said["split"], f"targets are chosen by {said['split']}")
        if "horizon" in said:
            split = _HORIZONS.get(said["split"], split) + (
                f"; of the different items that come within {said['horizon']} each is a target, all of one input, and "
                "metrics are means over users. A probability is the share of an item in these, and where it is held "
                "against what came, that is one of them a user"
            )
        dropped = _UNSEEN[said["unseen_targets"]]
        versions = ", ".join(f"{name} {one}" for name, one in subject.environment.get("versions", {}).items())
        ranking = (
            f"Protocol. {split[:1].upper()}{split[1:]}. A model reads the last {said['max_length']} events and ranks "
            f"{_CANDIDATES.get(said['candidates'], said['candidates'])}; {_SEEN.get(said['seen'], said['seen'])}; "
            f"{_TIES.get(said['ties'], said['ties'])}; targets that training never saw {dropped}. The checkpoint "
            f"was chosen by {said['chosen_by']} on validation and tested once, with seed "
            f"{said.get('seed', '?')} ({versions})."
        )
        tests = (
            "Tests. Intervals are percentiles of a bootstrap that draws users with all their targets. Differences "
            "between rows are paired on the same targets and tested two-sided by that bootstrap and by Wilcoxon's "
            "signed-rank test on the means of users; p-values are corrected for the number of rows after Holm (1979)."
        )
        patterns = (
            "Patterns. Support counts users once. The null of an ordered pattern permutes the events of each user "
            "evenly, with what the user had, and how much, held fixed; expected support and p-value follow from it "
            "exactly or by permutation. Hypotheses are chosen by what the null leaves fixed, q-values correct for all "
            "of them, and lift and confidence are measured again on held-out users and later days; stability is the "
            "share of bootstraps over users in which a pattern is found again."
        )
        explained = (
            "Explanations. The share of an event is what the explainer says of it; it is faithful as far as deleting "
            "what it names changes the recommendation more than deleting as many random or as many last events does. "
            "Deletions close the gap. Faithfulness is measured on validation users, with intervals over users, and is "
            "about the model: no share says that an event caused what a person did."
        )
        return [Words(ranking), Words(tests), Words(patterns), Words(explained)]
