"""Small models that tell what the large one recommends, and how far they can be trusted."""

from collections.abc import Sequence
from io import BytesIO
from typing import ClassVar

from seqmine.explanation.surrogate import SurrogateFit, Surrogates
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Code, Grid, Picture, Words
from seqmine.reporting.page.subject import Subject


class SurrogateModels:
    """A decision tree and a sparse linear model of what the model recommends, with their fidelity.

    Args:
        fit: fits and judges them.
    """

    title: ClassVar[str] = "What it does, in a few rules"

    def __init__(self, *, fit: SurrogateFit) -> None:
        self.fit = fit

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return rules, weights and fidelity."""
        training = subject.data.prepared.training_log()
        found = self.fit.fit(subject.model, subject.cases, training, subject.catalog.num_items)
        columns = ["surrogate", "fidelity", "low", "high", "gain over the last event, low", "high"]
        rows: list[list[Cell]] = [[*one] for one in found.fidelities]
        blocks: list[Block] = [
            Words(_verdict(found)),
            Grid(f"Fidelity on {found.num_held_out:,} held-out users", columns, rows),
            Words(
                "A question of the tree is about the rank of an item among all items, by what was counted in the "
                "training part: 1 is what fits best. An answer is the share of such items that are in the list of the "
                "model."
            ),
            Code(found.rules),
            Picture(
                "The decision tree; darker leaves are surer",
                f"A decision tree of {found.tree.get_n_leaves()} leaves; its rules stand above as text.",
                tree_picture(found),
            ),
        ]
        if found.weights:
            drawn = [{"name": name, "value": weight} for name, weight in found.weights.items()]
            said = ", ".join(f"{name} {weight:+.3f}" for name, weight in found.weights.items())
            blocks.append(
                Chart(
                    "Weights of the sparse linear model, of ranks on a logarithmic scale with variance 1",
                    f"Weights: {said}.",
                    charts.bars(drawn, x="weight; below 0, a rank near 1 speaks for the item", y="feature", order=None),
                )
            )
        return blocks


def _verdict(found: Surrogates) -> str:
    *own, last = found.fidelities
    best = max(own, key=lambda one: one.value)
    more = (
        f"which a {last.name} does not reach ({last.value:.3f})"
        if found.is_more_than_last
        else f"no more than a {last.name} ({last.value:.3f}), so that the rest of these rules proves nothing"
    )
    return (
        f"Small models are fitted to the lists of {found.num_fitted:,} users and asked about others: is this item in "
        f"the list of the model, or was it recommended to somebody else? The best of them, a {best.name}, puts a "
        f"listed item above another one in {best.value:.1%} of the pairs (50% is chance), {more}."
    )


def tree_picture(found: Surrogates) -> bytes:
    """Return the tree as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from sklearn.tree import plot_tree

    figure = Figure(figsize=(16, 8), layout="constrained")
    FigureCanvasAgg(figure)  # it is asked how large the text is
    plot_tree(
        found.tree,
        feature_names=list(found.features),
        class_names=["not listed", "listed"],
        filled=True,
        impurity=False,
        proportion=True,
        precision=2,
        fontsize=7,
        ax=figure.subplots(),
    )
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()
