"""The whole answer to one question: shares, what would change the answer, and how faithful the shares are."""

from dataclasses import dataclass
from typing import Self

from seqmine.explanation.asking import Kept, all_places, ask_kept
from seqmine.explanation.counterfactual import Addition, Deletion, smallest_addition, smallest_deletion
from seqmine.explanation.faithfulness.measures import measures_of
from seqmine.explanation.faithfulness.traces import trace
from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender, UserError


@dataclass(frozen=True)
class Reason:
    """Why an item stands where it stands after one history.

    Args:
        item: item_index that is explained.
        history: items that the model sees, oldest first.
        rank: of the item, from 1, among what may be recommended.
        probability: of the item, over the whole catalog.
        top_k: length K of the list.
        attribution: the shares of the events.
        measures: how faithful the shares are to this one score, by name.
        deletion: fewest events without which the item is not in the list; None where it is not in or nothing helps.
        addition: the event that would bring the item in; None where it is in or no event does.
    """

    item: int
    history: tuple[int, ...]
    rank: int
    probability: float
    top_k: int
    attribution: Attribution
    measures: dict[str, float]
    deletion: Deletion | None
    addition: Addition | None

    @classmethod
    def of(
        cls,
        explainer: Explainer,
        model: Recommender,
        cases: Cases,
        question: Question,
        *,
        top_k: int,
        size: int,
        num_items: int,
        batch_size: int,
        most_pairs: int = 20_000,
    ) -> Self:
        """Answer a question.

        Args:
            explainer: tells the shares.
            model: scores the catalog.
            cases: histories.
            question: which item after which history.
            top_k: length K of the list.
            size: events of the explanation whose deletion PN-S asks for.
            num_items: of the catalog.
            batch_size: histories scored at once.
            most_pairs: pairs of events whose deletion is asked, to prove the smallest one.

        Raises:
            UserError: a list that is empty or longer than the catalog, or a model that the explainer does not fit.
        """
        if not 1 <= top_k <= num_items:
            raise UserError(f"top_k is {top_k}, allowed are 1 to {num_items}, the size of the catalog; change top_k")
        [attribution] = explainer.explain(model, cases, [question])
        whole = all_places(cases, question.case)
        answer = ask_kept(model, cases, [Kept(question.case, whole, question.item)], batch_size)
        [found] = trace(model, cases, [question], [attribution], batch_size)
        rank, deletion, addition = int(answer.ranks[0]), None, None
        if rank <= top_k:
            deletion = smallest_deletion(model, cases, question, top_k, batch_size, most_pairs)
        else:
            addition = smallest_addition(model, cases, question, top_k, num_items, batch_size)
        return cls(
            question.item,
            tuple(cases.history(question.case)),
            rank,
            float(answer.probabilities[0]),
            top_k,
            attribution,
            measures_of(found, attribution.values, top_k, size),
            deletion,
            addition,
        )

    def leading_events(self, most: int) -> list[tuple[int, ...]]:
        """Return the items of the one, two ... most important events that speak for the item, each in order of time."""
        helping = [place for place in self.attribution.order.tolist()[:most] if self.attribution.values[place] > 0]
        return [tuple(self.history[place] for place in sorted(helping[:count])) for count in range(1, len(helping) + 1)]
