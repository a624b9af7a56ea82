"""Why the model recommends what it recommends: some users, the worst served ones, and how faithful the shares are."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from seqmine.explanation.faithfulness.judgement import FaithfulnessTest
from seqmine.explanation.question import Explainer, Question
from seqmine.explanation.reason import Reason
from seqmine.explanation.support import count_precedents
from seqmine.mining.against_model.held_out import held_out_cases
from seqmine.probing.edits import whole_histories
from seqmine.probing.queries import ask
from seqmine.reporting.explanation import Answer, sentences
from seqmine.reporting.page.blocks import Block, Heading, Note, Words
from seqmine.reporting.page.explained import sentence, shares_chart, verdict_blocks
from seqmine.reporting.page.subject import TOP_K, Subject
from seqmine.structs.bounds import NonNegativeInt, PositiveInt, Seed

_NUM_LEADING = 3


class Explanations:
    """Explanations of the first recommendation of some test users, and a test of the explainer.

    Args:
        explainer: tells the shares.
        faithfulness: judges the explainer on validation users; an empty mapping does not.
        num_users: users that are drawn.
        num_worst: users whose next item the model ranks last.
        min_users: fewest people behind a count of people.
        size: events of an explanation that PN-S deletes.
        most_pairs: pairs of events whose deletion is asked, to prove the smallest one.
        show_ids: tell the ids of users; otherwise they are numbered.
        seed: of the draw.
    """

    title: ClassVar[str] = "Why does it recommend this?"

    def __init__(
        self,
        *,
        explainer: Explainer,
        faithfulness: FaithfulnessTest | dict,
        num_users: PositiveInt,
        num_worst: NonNegativeInt,
        min_users: PositiveInt,
        size: PositiveInt,
        most_pairs: NonNegativeInt,
        show_ids: bool,
        seed: Seed,
    ) -> None:
        self.explainer, self.faithfulness, self.num_users, self.num_worst = (
            explainer,
            faithfulness,
            num_users,
            num_worst,
        )
        self.min_users, self.size, self.show_ids, self.seed = min_users, size, show_ids, seed
        self.most_pairs = most_pairs

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return an explanation of each user, and the faithfulness of the method."""
        blocks: list[Block] = [Note(self.explainer.caution)] if self.explainer.caution else []
        drawn, worst, ranks = self._chosen(subject)
        for title, cases in (("Users that were drawn", drawn), ("Worst served users", worst)):
            for number, case in enumerate(cases, start=1):
                blocks += self._explained(subject, case, f"{title}: {self._user(subject, case, number)}", ranks[case])
        return [*blocks, *self._faithful(subject)]

    def _chosen(self, subject: Subject) -> tuple[list[int], list[int], Any]:
        cases = subject.cases
        ranks = ask(subject.model, cases, whole_histories(cases), cases.items.tolist(), subject.config.batch_size).ranks
        able = np.flatnonzero(subject.lists[:, 0] > 0)
        worst = able[np.argsort(-ranks[able], kind="stable")][: self.num_worst].tolist()
        others = np.setdiff1d(able, worst)
        drawn = np.random.default_rng(self.seed).permutation(others)[: self.num_users].tolist()
        return drawn, worst, ranks

    def _user(self, subject: Subject, case: int, number: int) -> str:
        if not self.show_ids:
            return f"number {number}"
        return f"user {subject.data.prepared.user_ids[subject.cases.users[case]]}"

    def _explained(self, subject: Subject, case: int, title: str, target_rank: int) -> list[Block]:
        item = int(subject.lists[case, 0])
        reason = Reason.of(
            self.explainer,
            subject.model,
            subject.cases,
            Question(case, item),
            top_k=min(TOP_K, subject.catalog.num_items),
            size=self.size,
            num_items=subject.catalog.num_items,
            batch_size=subject.config.batch_size,
            most_pairs=self.most_pairs,
        )
        leading, user = reason.leading_events(_NUM_LEADING), int(subject.cases.users[case])
        training = subject.data.prepared.training_log()
        answer = Answer(
            user_id=None,
            explainer=type(self.explainer).__name__.removesuffix("Explainer"),
            caution="",
            reason=reason,
            precedents=count_precedents(training, leading, item, user=user, min_users=self.min_users),
            min_users=self.min_users,
            patterns=None,
            verdict=None,
        )
        came = subject.names.shown(int(subject.cases.items[case]))
        text = (
            f"Recommended first: {subject.names.shown(item)} (probability {reason.probability:.4f}). What came next "
            f"was {came}, at rank {target_rank:,} of {subject.catalog.num_items:,} for the model."
        )
        said = [Words(sentence(line)) for line in sentences(answer, subject.catalog)]
        return [Heading(title), Words(text), shares_chart(answer, subject.catalog, subject.names.shown(item)), *said]

    def _faithful(self, subject: Subject) -> list[Block]:
        if not isinstance(self.faithfulness, FaithfulnessTest):
            return verdict_blocks("", None)
        data = subject.data.prepared
        collate = subject.data.history_collate()
        cases = held_out_cases(collate, data.split.val, data.val_items, data.catalog.num_items)
        top_k = self.faithfulness.cutoffs[-1]
        verdict = self.faithfulness.judge(self.explainer, subject.model, cases, top_k)
        name = type(self.explainer).__name__.removesuffix("Explainer")
        return [Heading(f"How faithful are the shares of {name}?"), *verdict_blocks(name, verdict)]
