"""The divergence of a posterior from its prior, as an auxiliary loss of a variational encoder."""

from collections.abc import Sequence
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.encoders.variational import VariationalEncoder, active_units, divergence
from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import Penalty, PositiveInt


@bounded
class PosteriorDivergence(nn.Module):
    """Keeps the hidden states that are drawn near a standard normal (SVAE, Sachdeva et al. 2019, arXiv:1811.09975).

    Its weight grows from 0 in the first steps, so that the states learn to say something before they are held back
    (Bowman et al. 2016, arXiv:1511.06349). What is logged is the divergence without any weight; beside it
    ``train/active_units``, the share of the elements of the mean that differ between positions, tells of a collapse.

    Args:
        weight: weight of the divergence, beta, after the first steps; 0 leaves states where they are.
        num_annealing_steps: steps in which the weight grows linearly, from 1.

    Raises:
        UserError: no step in which the weight could grow.
    """

    num_passes: ClassVar[int] = 1

    def __init__(self, *, weight: Penalty, num_annealing_steps: PositiveInt) -> None:
        super().__init__()
        self.weight, self.num_annealing_steps = weight, num_annealing_steps

    def forward(
        self,
        model: SequenceModule,
        passes: Sequence[Float[Tensor, "B L D"]],
        batch: SequenceBatch,  # noqa: ARG002
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the divergence as strong as it is at this step, and the whole of it to be logged.

        Raises:
            UserError: the states of the encoder are not drawn.
        """
        if not isinstance(model.encoder, VariationalEncoder):
            raise UserError(
                f"auxiliary has a divergence, and the encoder is a {type(model.encoder).__name__} that draws nothing; "
                "set model=svae or take the divergence out"
            )
        posterior = model.encoder.take_posterior()
        if posterior is None:  # a validation asks for no divergence
            nothing = passes[0].new_zeros(())
            return nothing, nothing
        whole = divergence(*posterior)
        if model._trainer is not None:
            share = active_units(posterior[0])
            model.log(
                "train/active_units", share, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(passes[0])
            )
        return whole * min(1.0, (model.global_step + 1) / self.num_annealing_steps), whole
