"""Batches to which each user belongs by a throw of its own, as private training has to have them."""

import secrets

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt, Seed


class PoissonBatching:
    """Takes each row into a batch with the same chance, whatever else is in it; says the size of other batches.

    An epoch has as many batches as it takes to expect each row once; a row may come several times, or never, and the
    size of a batch differs. The guarantee of DP-SGD rests on these throws and on nobody knowing them, so they do not
    follow from the seed of the run.

    Args:
        batch_size: rows that are expected in a batch, at most all rows.
        batch_tokens: none: how long a history is may not decide whose batch it is in.
        eval_batch_size: histories scored at once.
        draw_seed: of the throws; None takes one from the operating system and keeps it nowhere. A number makes runs
            that can be repeated, whose guarantee holds only towards those who do not know it.

    Raises:
        UserError: a limit on events, or a size below 1.
    """

    def __init__(
        self,
        *,
        batch_size: PositiveInt,
        batch_tokens: PositiveInt | None = None,
        eval_batch_size: PositiveInt = 256,
        draw_seed: Seed | None = None,
    ) -> None:
        for name, value in {"batch_size": batch_size, "eval_batch_size": eval_batch_size}.items():
            if value < 1:
                raise UserError(f"`{name}` is {value}, allowed are whole numbers from 1")
        if batch_tokens is not None:
            raise UserError(
                f"`batch_tokens` is {batch_tokens}, but with privacy=dp_sgd the length of a history may not decide "
                "about its batch; set `batch_tokens`=null"
            )
        self.batch_size, self.batch_tokens, self.eval_batch_size = batch_size, batch_tokens, eval_batch_size
        self._generator = np.random.default_rng(secrets.randbits(128) if draw_seed is None else draw_seed)

    def sample_rate(self, num_rows: int) -> float:
        """Return the chance of a row to be in a batch.

        >>> PoissonBatching(batch_size=64).sample_rate(640), PoissonBatching(batch_size=64).sample_rate(8)
        (0.1, 1.0)
        """
        return min(1.0, self.batch_size / num_rows)

    def divide(
        self,
        lengths: NDArray[np.int64],
        generator: np.random.Generator,  # noqa: ARG002 - it follows from the seed of the run
        num_batches: int | None = None,
    ) -> list[NDArray[np.int64]]:
        """Return the rows of each batch, shortest first; a batch may be empty.

        Args:
            lengths: (W,) number of events of each row.
            generator: without effect.
            num_batches: how many batches to make; None for as many as it takes to expect each row once.
        """
        rate = self.sample_rate(len(lengths))
        count = max(1, round(1 / rate)) if num_batches is None else num_batches
        batches = [np.flatnonzero(self._generator.random(len(lengths)) < rate) for _ in range(count)]
        return [rows[np.argsort(lengths[rows], kind="stable")] for rows in batches]
