"""Validation by users who agreed to be looked at: nothing that they did trains, and nobody else chooses."""

import numpy as np

from seqmine.data.splits import Splitter
from seqmine.data.targets import Split, Targets
from seqmine.structs import InteractionLog
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import InnerShare, Seed


@bounded
class PublicUsers(Splitter):
    """Let the validation targets of some users alone choose, and leave those users out of training.

    What is chosen by them, such as a checkpoint, then tells nothing of the users that are trained on. Test targets stay
    as they are.

    Args:
        parts: divides the log.
        share: share of the people with validation targets who are public.
        seed: decides who they are, whatever they did.
    """

    def __init__(self, *, parts: Splitter, share: InnerShare, seed: Seed) -> None:
        self.parts, self.share, self.seed = parts, share, seed

    @property
    def keeps_users_apart(self) -> bool:  # type: ignore[override]
        """Whether the split underneath promises that nobody is in two parts."""
        return self.parts.keeps_users_apart

    @property
    def divides_by_time(self) -> bool:  # type: ignore[override]
        """Whether the split underneath promises that training and validation are older than any test target."""
        return self.parts.divides_by_time

    @property
    def validates_by_time(self) -> bool:
        """Whether the split underneath promises that training is older than any validation target."""
        return self.parts.validates_by_time

    def stated(self) -> dict[str, str]:
        """Return what must be known of the targets, and who chooses."""
        return {**self.parts.stated(), "validation": f"public users, {self.share:g} of all, not trained on"}

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        return self._of_public_users(log, self.parts.split(log))

    def edges(self, log: InteractionLog) -> tuple[int, int] | None:
        """Return when training ends and test begins, as the split underneath says."""
        return self.parts.edges(log)

    def within(self, log: InteractionLog, edges: tuple[int, int], val: Targets, test: Targets) -> Split:
        """Return the parts of a log with given targets by the edges that the split underneath found."""
        return self._of_public_users(log, self.parts.within(log, edges, val, test))

    def _of_public_users(self, log: InteractionLog, parts: Split) -> Split:
        people = np.unique(log.owners[parts.val.users])
        drawn = np.random.default_rng((self.seed, 3)).permutation(people)[: max(1, round(self.share * len(people)))]
        is_public = np.isin(log.owners, drawn)
        val = parts.val.take(np.flatnonzero(is_public[parts.val.users]))
        return Split(np.where(is_public, 0, parts.train_stops), val, parts.test)
