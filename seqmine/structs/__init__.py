"""Value types that every other package speaks: batch, catalog, log, pattern table, protocols.

They are imported when first asked for: the start of a program needs the errors alone, and the others bring torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqmine.structs.errors import UserError as UserError

if TYPE_CHECKING:
    from seqmine.structs.attributes import AttributeTable as AttributeTable
    from seqmine.structs.batch import SequenceBatch as SequenceBatch
    from seqmine.structs.batch import columns_read as columns_read
    from seqmine.structs.batch import device_of as device_of
    from seqmine.structs.catalog import Catalog as Catalog
    from seqmine.structs.log import InteractionLog as InteractionLog
    from seqmine.structs.patterns import PatternTable as PatternTable
    from seqmine.structs.protocols import Baseline as Baseline
    from seqmine.structs.protocols import ContentTable as ContentTable
    from seqmine.structs.protocols import Encoder as Encoder
    from seqmine.structs.protocols import ItemTable as ItemTable
    from seqmine.structs.protocols import LastStateEncoder as LastStateEncoder
    from seqmine.structs.protocols import ListRecommender as ListRecommender
    from seqmine.structs.protocols import Loss as Loss
    from seqmine.structs.protocols import NegativeSampler as NegativeSampler
    from seqmine.structs.protocols import Recommender as Recommender
    from seqmine.structs.protocols import Source as Source

_HOMES = {
    "attributes": ("AttributeTable",),
    "batch": ("SequenceBatch", "columns_read", "device_of"),
    "catalog": ("Catalog",),
    "log": ("InteractionLog",),
    "patterns": ("PatternTable",),
    "protocols": (
        "Baseline",
        "ContentTable",
        "Encoder",
        "ItemTable",
        "LastStateEncoder",
        "ListRecommender",
        "Loss",
        "NegativeSampler",
        "Recommender",
        "Source",
    ),
}


def __getattr__(name: str) -> Any:
    """Import a value type on first use."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
