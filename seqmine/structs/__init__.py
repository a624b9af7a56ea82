"""Value types that every other package speaks: batch, catalog, log, pattern table, protocols."""

from seqmine.errors import UserError as UserError
from seqmine.structs.attributes import AttributeTable as AttributeTable
from seqmine.structs.batch import SequenceBatch as SequenceBatch
from seqmine.structs.batch import columns_read as columns_read
from seqmine.structs.catalog import Catalog as Catalog
from seqmine.structs.log import InteractionLog as InteractionLog
from seqmine.structs.patterns import PatternTable as PatternTable
from seqmine.structs.protocols import Baseline as Baseline
from seqmine.structs.protocols import Encoder as Encoder
from seqmine.structs.protocols import ItemTable as ItemTable
from seqmine.structs.protocols import LastStateEncoder as LastStateEncoder
from seqmine.structs.protocols import Loss as Loss
from seqmine.structs.protocols import NegativeSampler as NegativeSampler
from seqmine.structs.protocols import Recommender as Recommender
from seqmine.structs.protocols import Source as Source
