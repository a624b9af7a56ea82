import math

import pytest

from seqmine.privacy.concentrated import ConcentratedBudget
from seqmine.structs import UserError


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-9), (1.0, 1e-6), (16.0, 1e-5)])
def test_rho_spends_the_budget_and_no_more(epsilon, delta):
    rho = ConcentratedBudget(epsilon=epsilon, delta=delta).rho
    assert rho + 2 * math.sqrt(rho * math.log(1 / delta)) == pytest.approx(epsilon)


@pytest.mark.parametrize("changed", [{"epsilon": 0.0}, {"epsilon": -1.0}, {"delta": 0.0}, {"delta": 1.0}])
def test_numbers_out_of_range_are_refused(changed):
    with pytest.raises(UserError, match=f"{next(iter(changed))}.* is .*, allowed are numbers above 0"):
        ConcentratedBudget(**{"epsilon": 1.0, "delta": 1e-6, **changed})
