import pytest
import torch

from seqmine.data.store import write_catalog
from seqmine.restore import check_catalog
from seqmine.structs import Catalog, UserError


def test_a_catalog_with_other_items_is_refused(tmp_path):
    write_catalog(Catalog.of_size(3), tmp_path / "catalog.parquet")
    check_catalog(Catalog.of_size(3), str(tmp_path))
    with pytest.raises(UserError, match="catalog of 2 items that is not the catalog of 3 items.*set data.path"):
        check_catalog(Catalog(["2", "1"], torch.tensor([0, 1, 1])), str(tmp_path))
