"""The one progress bar of a training that runs inside a notebook or a script."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_UPDATES = 50  # of an epoch
_WIDTH = 30


class ProgressLine(Callback):
    """Show the epoch, how much is done and the last value of a metric in one line that is written over.

    Args:
        metric: shown beside the epoch.
    """

    def __init__(self, *, metric: str) -> None:
        self.metric = metric
        self._last = ""
        self._display: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Show an empty bar."""
        self._show(trainer, 0.0)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Move the bar."""
        total = int(trainer.num_training_batches)
        if (batch_idx + 1) % max(total // _UPDATES, 1) == 0:
            self._show(trainer, (batch_idx + 1) / total)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Take the metric over."""
        if self.metric in trainer.callback_metrics:
            self._last = f", {self.metric} {float(trainer.callback_metrics[self.metric]):.4f}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Leave a full bar."""
        self._write(1.0, f"{trainer.current_epoch} epochs{self._last}", last=True)

    def _show(self, trainer: Trainer, share: float) -> None:
        epoch, most = trainer.current_epoch, trainer.max_epochs or -1
        done = (epoch + share) / most if most > 0 else share
        of = f" of {most}" if most > 0 else ""
        self._write(done, f"epoch {epoch + 1}{of}{self._last}", last=False)

    def _write(self, done: float, words: str, *, last: bool) -> None:
        if in_notebook():
            self._update(f'<progress value="{done:.3f}" max="1"></progress> {words}')
        else:
            bar = ("#" * round(done * _WIDTH)).ljust(_WIDTH, ".")
            sys.stderr.write(f"\r[{bar}] {words}" + ("\n" if last else ""))
            sys.stderr.flush()

    def _update(self, html: str) -> None:
        from IPython.display import HTML, display

        if self._display is None:
            self._display = display(HTML(html), display_id=True)
        else:
            self._display.update(HTML(html))


@contextmanager
def progress_bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show how much is done where somebody watches; give a function that is told how much more is done.

    Args:
        total: of what is done.
        what: is done.
    """
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not somebody_watches()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda more: progress.advance(task, more)


def in_notebook() -> bool:
    """Return whether this Python is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def somebody_watches() -> bool:
    """Return whether a progress bar would be seen: in a notebook or a terminal."""
    return in_notebook() or sys.stderr.isatty()
