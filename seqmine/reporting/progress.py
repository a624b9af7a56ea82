"""Progress bars: of a training, in a notebook, a terminal or a log file, and of what a program does once."""

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from seqmine.reporting.terminal import Terminal

_UPDATES = 50  # of an epoch
_WIDTH = 24
_LINES = 3  # of a training in a file


class ProgressLine(ProgressBar):
    """Show the epoch, how much is done and the last value of a metric in one line that is written over.

    Where nobody watches, as in a log file, some of the epochs have a plain line each.

    Args:
        metric: shown beside the epoch.
    """

    def __init__(self, *, metric: str) -> None:
        super().__init__()
        self.metric = metric
        self._last = ""
        self._start = 0.0
        self._display: Any = None
        self._enabled = True

    def disable(self) -> None:
        """Show nothing, as on other devices than the first."""
        self._enabled = False

    def enable(self) -> None:
        """Show what is done again."""
        self._enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Show an empty bar."""
        self._start = time.monotonic()
        self._first = float(trainer.current_epoch)  # of a training that goes on
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
        """Take the metric over; where nobody watches, tell of some epochs."""
        if self.metric in trainer.callback_metrics:
            self._last = f", {self.metric} {float(trainer.callback_metrics[self.metric]):.4f}"
        if trainer.state.fn != "fit" or somebody_watches() or not self._enabled:
            return
        most, epoch = trainer.max_epochs or -1, trainer.current_epoch + 1
        if epoch % (math.ceil(most / _LINES) if most > 0 else _LINES) == 0:
            sys.stderr.write(f"epoch {epoch}{f' of {most}' if most > 0 else ''}{self._last}\n")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Leave a full bar."""
        self._write(1.0, f"{trainer.current_epoch} epochs{self._last}", last=True)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        """Leave the bar as it is: what went wrong is told in a line of its own."""
        if trainer.training and self._enabled and somebody_watches() and not in_notebook():
            sys.stderr.write("\n")

    def _show(self, trainer: Trainer, share: float) -> None:
        epoch, most = trainer.current_epoch, trainer.max_epochs or -1
        done = (epoch + share) / most if most > 0 else share
        of = f" of {most}" if most > 0 else ""
        new = epoch + share - self._first
        left = (time.monotonic() - self._start) / new * (most - epoch - share) if most > 0 and new > 0 else 0.0
        self._write(done, f"epoch {epoch + 1}{of}{_in_words(left)}{self._last}", last=False)

    def _write(self, done: float, words: str, *, last: bool) -> None:
        if not self._enabled or not somebody_watches():
            return
        if in_notebook():
            self._update(f'<progress value="{done:.3f}" max="1"></progress> {words}')
        else:
            bar = ("#" * round(done * _WIDTH)).ljust(_WIDTH, ".")
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{f'[{bar}] {words}'[:width].ljust(width)}" + ("\n" if last else ""))
            sys.stderr.flush()

    def _update(self, html: str) -> None:
        from IPython.display import HTML, display

        if self._display is None:
            self._display = display(HTML(html), display_id=True)
        else:
            self._display.update(HTML(html))


def _in_words(seconds: float) -> str:
    """Return how long something takes yet, if that is worth telling.

    >>> _in_words(0.4), _in_words(45.0), _in_words(3700.0)
    ('', ', 45 s left', ', 62 min left')
    """
    if seconds < 1:
        return ""
    return f", {seconds:.0f} s left" if seconds < 120 else f", {seconds / 60:.0f} min left"


@contextmanager
def progress_bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show how much is done where somebody watches, until it is done; give a function that is told how much more is.

    Args:
        total: of what is done.
        what: is done.
    """
    columns = (TextColumn(what), BarColumn(_WIDTH), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=Terminal(stderr=True), disable=not somebody_watches(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda more: progress.advance(task, more)


def in_notebook() -> bool:
    """Return whether this Python is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def somebody_watches() -> bool:
    """Return whether a progress bar would be seen: in a notebook or a terminal."""
    return in_notebook() or sys.stderr.isatty()
