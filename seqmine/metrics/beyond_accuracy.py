"""What the recommended lists are like, apart from being right: coverage, novelty, popularity bias."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

from seqmine.metrics.mean_state import accumulate, add_mean_state, mean_of


class Coverage(Metric):
    """Share of the catalog that is in the list of at least one user.

    Args:
        num_items: catalog size without padding.
    """

    higher_is_better = True
    full_state_update = False
    shown: Tensor

    def __init__(self, *, num_items: int) -> None:
        super().__init__()
        self.add_state("shown", torch.zeros(num_items + 1, dtype=torch.uint8), dist_reduce_fx="max")

    def update(self, top_items: Int[Tensor, "B K"]) -> None:
        """Add the lists of a batch; 0 is an empty place."""
        self.shown[top_items.flatten()] = 1

    def compute(self) -> Float[Tensor, ""]:
        """Return the share, between 0 and 1."""
        return self.shown[1:].double().mean()


class Novelty(Metric):
    """Mean self-information of the recommended items, in bits (Zhou et al., PNAS 2010).

    An item with share p of the training events carries ``-log2(p)`` bits: recommending what everybody knows is worth
    little. An item without a training event is taken as one with a single event.

    Args:
        train_counts: training events of each row of the item table.
    """

    higher_is_better = True
    full_state_update = False
    bits: Tensor

    def __init__(self, *, train_counts: Int[Tensor, "V"]) -> None:
        super().__init__()
        counts = train_counts.double().clamp(min=1.0)
        self.register_buffer("bits", -torch.log2(counts / counts[1:].sum()), persistent=False)
        add_mean_state(self)

    def update(self, top_items: Int[Tensor, "B K"]) -> None:
        """Add the lists of a batch; 0 is an empty place."""
        accumulate(self, self.bits[top_items[top_items > 0]])

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean over all recommended items, NaN when there is none."""
        return mean_of(self)


class PopularityBias(Metric):
    """Average recommendation popularity, relative to the popularity of what users themselves choose.

    The numerator is ARP, the mean training count of the recommended items (Yin et al., "Challenging the long tail
    recommendation", VLDB 2012). It is divided by the mean training count of the item of a training event, so that the
    number means the same on every data set (the ratio behind the popularity lift of Abdollahpouri et al., RecSys 2020):
    1 recommends items as popular as those that users choose, above 1 pushes popular items further.

    Args:
        train_counts: training events of each row of the item table.
    """

    higher_is_better = False
    full_state_update = False
    popularity: Tensor

    def __init__(self, *, train_counts: Int[Tensor, "V"]) -> None:
        super().__init__()
        counts = train_counts[1:].double()
        chosen = counts.square().sum() / counts.sum()
        self.register_buffer("popularity", train_counts.double() / chosen, persistent=False)
        add_mean_state(self)

    def update(self, top_items: Int[Tensor, "B K"]) -> None:
        """Add the lists of a batch; 0 is an empty place."""
        accumulate(self, self.popularity[top_items[top_items > 0]])

    def compute(self) -> Float[Tensor, ""]:
        """Return the ratio, NaN when nothing was recommended."""
        return mean_of(self)
