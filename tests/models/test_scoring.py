import torch

from seqmine.models.scoring import score_catalog


def test_products_of_few_rows_at_a_time_are_those_of_all_and_in_single_precision():
    generator = torch.Generator().manual_seed(0)
    queries, items = torch.randn(70, 4, generator=generator), torch.randn(9, 4, generator=generator)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = score_catalog(queries, items)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, queries @ items.T)
    assert score_catalog(queries.requires_grad_(), items).requires_grad
