"""What an attack on a run found, in the terminal and as a picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from seqmine.reporting.terminal import Terminal
from seqmine.structs.files import write_atomically


def audit_table(found: dict[str, Any]) -> Table:
    """Return one row for each group that was attacked.

    Args:
        found: what ``privacy_audit.json`` holds.
    """
    table = Table(title="Members told from others")
    for name in ("who", "members", "others", "AUC", "found at 1% false alarms", "at .1%"):
        table.add_column(name, justify="left" if name == "who" else "right")
    for name, one in _groups(found):
        rates = [_with_interval(one, rate) for rate in ("auc", "tpr@1%", "tpr@0.1%")]
        table.add_row(escape(name), f"{one['members']:,}", f"{one['others']:,}", *rates)
    return table


def memorization_table(found: dict[str, Any]) -> Table:
    """Return how often the last item of planted histories is the one that the model expects, trained on or not.

    Args:
        found: what ``privacy_audit.json`` holds of it.
    """
    table = Table(title=f"Planted histories completed, among {found['candidates']:,} items")
    for name in ("planted histories", "number", "at rank 1", "in the top 10", "exposure, bits", "median rank"):
        table.add_column(name, justify="left" if name == "planted histories" else "right")
    for words, one in _completions(found):
        shares = [_share(one, name) for name in ("first", "top_10")]
        bits = f"{one['exposure']:.2f} ({one['exposure_low']:.2f} to {one['exposure_high']:.2f})"
        table.add_row(words, f"{one['histories']:,}", *shares, bits, f"{one['median_rank']:,.0f}")
    return table


def verdict(found: dict[str, Any]) -> str:
    """Return what the planted users prove against the promise.

    >>> one = {"epsilon_low": 0.0, "confidence": 0.95, "correct": 51, "guesses": 100, "refutes_the_claim": False}
    >>> verdict({"claimed_epsilon": 8.0, "one_run": one})
    'epsilon is at least 0.00 (95% confidence, 51 of 100 guesses right), 8.00 is promised: nothing speaks against it'
    >>> verdict({"users": {}})
    'no users were planted, so nothing is proved of epsilon: train with privacy.canaries=1000'
    """
    one = found.get("one_run")
    if one is None:
        return "no users were planted, so nothing is proved of epsilon: train with privacy.canaries=1000"
    says = "THE PROMISE IS BROKEN" if one["refutes_the_claim"] else "nothing speaks against it"
    return (
        f"epsilon is at least {one['epsilon_low']:.2f} ({one['confidence']:.0%} confidence, {one['correct']} of "
        f"{one['guesses']} guesses right), {found['claimed_epsilon']:.2f} is promised: {says}"
    )


def print_audit(found: dict[str, Any], path: Path) -> None:
    """Print the table and the verdict.

    Args:
        found: what ``privacy_audit.json`` holds.
        path: of that file.
    """
    console = Terminal()
    console.print(audit_table(found))
    if "memorization" in found:
        console.print(memorization_table(found["memorization"]))
    console.print(verdict(found))
    console.print(f"audit: {escape(str(path))}")


def draw_pictures(found: dict[str, Any], folder: Path) -> None:
    """Draw what an attack found into ``privacy_audit.png``, and where users were planted ``memorization.png``.

    Args:
        found: what ``privacy_audit.json`` holds.
        folder: of the pictures.
    """
    draw_audit(found, folder / "privacy_audit.png")
    if "memorization" in found:
        draw_memorization(found["memorization"], folder / "memorization.png")


def draw_audit(found: dict[str, Any], path: Path) -> None:
    """Draw how well each group is told from others, beside chance, with intervals.

    Args:
        found: what ``privacy_audit.json`` holds.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    groups = list(_groups(found))
    figure = Figure(figsize=(9, 1.4 + 0.4 * len(groups)), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    titles = {"auc": ("AUC", 0.5), "tpr@1%": ("found at 1% false alarms", 0.01), "tpr@0.1%": ("at .1%", 0.001)}
    for panel, (name, (title, chance)) in zip(panels, titles.items(), strict=True):
        for row, (_, one) in enumerate(groups):
            panel.plot([one[f"{name}_low"], one[f"{name}_high"]], [row, row], color="tab:blue")
            panel.plot(one[name], row, "o", color="tab:blue")
        panel.axvline(chance, color="gray", linestyle=":")
        panel.set_title(title, fontsize=10)
        panel.grid(alpha=0.3)
    panels[0].set_yticks(range(len(groups)), [name for name, _ in groups])
    panels[0].set_ylim(-0.5, len(groups) - 0.5)
    figure.suptitle("Members told from others; dotted: chance", fontsize=10)
    FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))


def draw_memorization(found: dict[str, Any], path: Path) -> None:
    """Draw which share of planted histories the model gives away by how many bits, trained on and not.

    Args:
        found: what ``privacy_audit.json`` holds of it.
        path: of the PNG.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    panel = figure.subplots()
    most = float(np.log2(found["candidates"]))
    panel.plot([0, most], [1, 2**-most], color="gray", linestyle=":", label="chance, where nothing is remembered")
    for (words, one), color in zip(_completions(found), ("tab:red", "tab:blue"), strict=True):
        bits = np.sort(one["exposures"])
        share = 1 - np.arange(len(bits)) / len(bits)
        panel.step(bits, share, where="pre", color=color, label=f"{words} ({one['first']:.1%} completed)")
    panel.set_yscale("log")
    panel.set_xlim(0, most * 1.02)
    panel.set_xlabel(f"exposure of the last item, bits ({most:.1f}: the first of {found['candidates']:,} items)")
    panel.set_ylabel("share of histories with at least so much")
    panel.set_title("Does the model complete planted histories?", fontsize=10)
    panel.legend(frameon=False, fontsize=9)
    panel.grid(alpha=0.3)
    FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))


def _completions(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "trained on", found["trained_on"]
    yield "never seen", found["never_seen"]


def _groups(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "canaries" in found:
        yield "planted users", found["canaries"]
    for name, one in found.get("users", {}).items():
        yield f"users, {name}", one


def _share(one: dict[str, Any], name: str) -> str:
    return f"{one[name]:.1%} ({one[f'{name}_low']:.1%} to {one[f'{name}_high']:.1%})"


def _with_interval(one: dict[str, Any], name: str) -> str:
    return f"{one[name]:.3f} ({one[f'{name}_low']:.3f} to {one[f'{name}_high']:.3f})"
