"""Side information of a log, and which kinds of events are predicted from it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqmine.data.attributes import Attributes
from seqmine.data.available import CandidateChoice
from seqmine.data.horizon import Horizon
from seqmine.data.sequences import PreparedData
from seqmine.data.target_behavior import items_of_no_other
from seqmine.structs import UserError


class Features:
    """Choices that shape the preparation of a log beyond its items.

    Args:
        target_behavior: kind of event that is predicted from events of all kinds, or several of them; None predicts
            every event.
        horizon: predict all that comes within so many events (``5``) or so long (``7d``); None for the next event.
        items: chooses what models may know of items.
        users: chooses what models may know of users.
        never_recommended: kind of event, or several, whose items are never recommended unless they also have events of
            another kind: search queries, say. They are history alone, so ``target_behavior`` has to name what is
            predicted. Shapes no store.
        candidates: chooses which items can be recommended at the moment of a target, which shapes no store; None for
            all of them.
    """

    def __init__(
        self,
        *,
        target_behavior: str | int | Sequence[str | int] | None = None,
        horizon: int | str | None = None,
        items: Attributes | None = None,
        users: Attributes | None = None,
        never_recommended: str | int | Sequence[str | int] | None = None,
        candidates: CandidateChoice | None = None,
    ) -> None:
        self.target_behaviors = None if target_behavior is None else _names("target_behavior", target_behavior)
        self.never_recommended = None if never_recommended is None else _names("never_recommended", never_recommended)
        if self.never_recommended is not None and (
            self.target_behaviors is None or set(self.target_behaviors) & set(self.never_recommended)
        ):
            raise UserError(
                f"`never_recommended` is {list(self.never_recommended)}, which has to differ from what is predicted; "
                "set `target_behavior` to other behaviors"
            )
        self.horizon = None if horizon is None else Horizon.parse(horizon)
        self.items = items or Attributes(owner="item")
        self.users = users or Attributes(owner="user")
        self.candidates = candidates or CandidateChoice()

    def never(self, data: PreparedData) -> NDArray[np.bool_] | None:
        """Return (V,) which items are never recommended; None for none of them."""
        if self.never_recommended is None:
            return None
        return items_of_no_other(data.training_log(), self.never_recommended, data.catalog.num_items)

    def fingerprint(self) -> str:
        """Return what changes with the choices and with the content of their files."""
        return f"{self.target_behaviors} {self.horizon} {self.items.fingerprint()} {self.users.fingerprint()}"


def _names(setting: str, behaviors: str | int | Sequence[str | int]) -> tuple[str, ...]:
    """Return the names of behaviors, of which there may be one that looks like a number."""
    names = (str(behaviors),) if isinstance(behaviors, str | int) else tuple(map(str, behaviors))
    if not names or len(set(names)) < len(names):
        raise UserError(f"{setting} is {list(names)}, allowed are different behaviors, or null")
    return names
