"""A metric can be a function: from the ranks of some targets to a number for each; their mean is told."""

from torch import Tensor


def first_places(ranks: Tensor) -> Tensor:
    """Return 1 for a target that stands first in its list, else 0."""
    return (ranks == 1).double()
