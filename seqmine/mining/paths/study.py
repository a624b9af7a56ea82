"""The study of a funnel: symbols become steps, of one item or of any, and the funnel is measured."""

from collections.abc import Sequence

import numpy as np

from seqmine.mining.engine.frequent import Progress, no_progress
from seqmine.mining.paths.cases import FunnelCases, histories_by_item, whole_histories
from seqmine.mining.paths.funnel import Funnel, measure_funnel
from seqmine.mining.study import Subject
from seqmine.mining.symbols import BehaviorProjection, Projection, SymbolLog
from seqmine.structs import UserError
from seqmine.structs.bounds import NonNegativeInt
from seqmine.structs.constraints import Constraints, duration_seconds


class FunnelStudy:
    """Measure how people go from step to step.

    Args:
        projection: makes steps of events; of behaviors all steps of a history may be asked to be of one item.
        steps: names of symbols, in order.
        same_item: every step is of the item of the first one (view, cart and buy of one item).
        max_duration: seconds from the first step to the last, at most; or a number with a unit, such as ``7d``.
        num_variants: whole paths that are returned; None for all.
        must_contain: names of symbols; none is allowed.

    Raises:
        UserError: a setting that cannot be.
    """

    def __init__(
        self,
        *,
        projection: Projection | BehaviorProjection,
        steps: Sequence[str],
        same_item: bool = True,
        max_duration: int | str | None = None,
        num_variants: NonNegativeInt | None = 10,
        must_contain: Sequence[str] = (),
    ) -> None:
        if not steps:
            raise UserError("steps is empty, allowed are names of symbols, such as [view,cart,buy]")
        if num_variants is not None and num_variants < 0:
            raise UserError(f"num_variants is {num_variants}, allowed are whole numbers from 0")
        if must_contain:
            raise UserError(
                f"must_contain is {list(must_contain)}, but a funnel has steps of its own; unset must_contain"
            )
        self.projection, self.steps, self.same_item = projection, [str(step) for step in steps], same_item
        self.limits = Constraints(max_duration=duration_seconds("max_duration", max_duration))
        self.num_variants = num_variants

    def find(self, subject: Subject, progress: Progress = no_progress) -> Funnel:
        """Return the funnel of a log.

        Args:
            subject: the log.
            progress: told when all is done.

        Raises:
            UserError: a step that the log does not have, a model, or steps of one item where symbols are items already.
        """
        if subject.model is not None:
            raise UserError("run names a model, which task=funnel does not ask; unset run or set task=patterns")
        self.limits.check(subject.log)
        cases = self._cases(subject)
        found = measure_funnel(
            cases, self.steps, max_duration=self.limits.max_duration, most_variants=self.num_variants,
            same_item=self.same_item,
        )  # fmt: skip
        progress(1.0)
        return found

    def _cases(self, subject: Subject) -> FunnelCases:
        """Return the histories of steps."""
        if not self.same_item:
            symbols = self.projection(subject.log, subject.item_ids, subject.features)
            return whole_histories(symbols.log, _names(symbols))
        if not isinstance(self.projection, BehaviorProjection):
            raise UserError(
                "`same_item` is true, but symbols name items or attributes themselves; set `same_item`=false or "
                "projection=behavior"
            )
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        objects = subject.log.items[self.projection.chosen(subject.log)].astype(np.int32)
        return histories_by_item(symbols.log, objects, _names(symbols))


def _names(symbols: SymbolLog) -> list[str]:
    return [symbols.shown(symbol + 1) for symbol in range(len(symbols.keys))]
