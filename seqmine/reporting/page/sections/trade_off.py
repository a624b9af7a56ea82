"""What privacy costs: utility of private runs by their epsilon, with the success of an attack beside it."""

from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Words
from seqmine.reporting.page.subject import METRIC, Subject
from seqmine.reporting.trade_off import spent_together, trade_off
from seqmine.runs.comparable import find_runs
from seqmine.structs import UserError

_COLUMNS = ["epsilon", "runs", METRIC, "AUC of the attack", "from", "to", "epsilon proved at least"]


class TradeOff:
    """The private runs among those that ``runs`` names, by epsilon, and those without privacy."""

    title: ClassVar[str] = "What does privacy cost?"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the curves and their table.

        Raises:
            UserError: no private run is named.
        """
        named = subject.board.runs or []
        runs = find_runs([named] if isinstance(named, str) else list(named)) if named else []
        metrics = [run.metrics for run in runs]
        table = trade_off(metrics, f"test/{METRIC}")
        if table.is_empty():
            raise UserError(
                "no private run is named in runs; run python -m seqmine.train -m privacy=dp_sgd "
                "privacy.epsilon=1,2,4,8 privacy.canaries=1000 and set runs='<folder of the multirun>/*'"
            )
        private = table.drop_nulls("epsilon")
        attacked = private.drop_nulls("attack_auc")
        blocks: list[Block] = [
            Words(
                f"Mean test {METRIC} over the runs of each epsilon, and how well planted users that were trained on "
                "are told from planted users that were not (AUC, .5 is chance; from the lowest to the highest end of "
                "the intervals of the runs)."
                + "".join(f" All in all {sentence}." for sentence in spent_together(metrics))
            ),
            Chart(
                f"{METRIC} by epsilon",
                f"{len(private)} values of epsilon.",
                charts.lines(_points(private, f"test/{METRIC}"), x="epsilon", y=f"test {METRIC}", log_x=True),
            ),
        ]
        if not attacked.is_empty():
            chart = charts.lines(_points(attacked, "attack_auc"), x="epsilon", y="AUC of the attack", log_x=True)
            blocks.append(Chart("Success of the attack by epsilon", f"{len(attacked)} values of epsilon.", chart))
        attack = ["attack_auc", "attack_auc_low", "attack_auc_high", "epsilon_low"]
        shown = table.select("epsilon", "runs", f"test/{METRIC}", *attack)
        rows = [["without privacy" if row[0] is None else f"{row[0]:g}", *row[1:]] for row in shown.iter_rows()]
        return [*blocks, Grid("Utility and attack", _COLUMNS, rows)]


def _points(table: pl.DataFrame, name: str) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in table.select("epsilon", name).iter_rows()]
