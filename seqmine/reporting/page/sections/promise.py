"""What a private run promises to each user, and the files that may leave the house."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.reporting.page.blocks import Block, Grid, Note
from seqmine.reporting.page.subject import Subject
from seqmine.structs import UserError

_WORDS = {
    "epsilon": "epsilon that could be spent",
    "epsilon_spent": "epsilon that was spent",
    "delta": "delta",
    "steps": "steps",
    "sample_rate": "share of the users in a step",
    "noise_multiplier": "noise, as a multiple of the clip",
    "max_grad_norm": "clip: most that one user adds to a step",
    "public_users": "public users who chose the weights, not trained on",
    "planted_users": "planted users, half of them trained on",
    "attack_auc": "AUC of an attack that tells both halves apart; .5 is chance",
    "epsilon_low": "epsilon that the attack proves at least",
    "unit": "what is protected",
    "accountant": "how it was counted",
}


class Promise:
    """The promise, what it cost, what it takes for granted, and what may be shown."""

    title: ClassVar[str] = "What is promised to each user?"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the statement that the run released.

        Raises:
            UserError: the run made no promise.
        """
        told = subject.promise
        if told is None:
            raise UserError("the run made no promise to its users; train with privacy=dp_sgd")
        told = {**told, "delta": f"{told['delta']:g}"}  # four decimals would show none
        rows = [[words, told[name]] for name, words in _WORDS.items() if name in told]
        secret = "secret" if told["noise_is_secret"] else "seeded: the promise is void for whoever knows the seed"
        rows.append(["noise and draws", secret])
        return [
            Grid("The promise and what it cost", ["what", "value"], rows),
            Note(f"These files may leave the house: {', '.join(told['may_leave'])}. {told['stays'].capitalize()}."),
            Note(f"Taken as public: {'; '.join(told['taken_as_public'])}."),
        ]
