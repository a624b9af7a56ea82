"""What a log tells beside its items, and which kind of event is predicted from it."""

from seqmine.data.attributes import Attributes
from seqmine.data.available import CandidateChoice


class Features:
    """Choices that shape the preparation of a log beyond its items.

    Args:
        target_behavior: kind of event that is predicted from events of all kinds; None predicts every event.
        items: chooses what models may know of items.
        users: chooses what models may know of users.
        candidates: chooses which items can be recommended at the moment of a target, which shapes no store; None for
            all of them.
    """

    def __init__(
        self,
        *,
        target_behavior: str | None = None,
        items: Attributes | None = None,
        users: Attributes | None = None,
        candidates: CandidateChoice | None = None,
    ) -> None:
        self.target_behavior = None if target_behavior is None else str(target_behavior)
        self.items = items or Attributes(owner="item")
        self.users = users or Attributes(owner="user")
        self.candidates = candidates or CandidateChoice()

    def fingerprint(self) -> str:
        """Return what changes with the choices and with the content of their files."""
        return f"{self.target_behavior} {self.items.fingerprint()} {self.users.fingerprint()}"
