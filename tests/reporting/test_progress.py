import sys
import types
from types import SimpleNamespace

from seqmine.reporting import progress
from seqmine.reporting.progress import ProgressLine, in_notebook

METRIC = "val/ndcg@10"


def train(line: ProgressLine) -> None:
    trainer = SimpleNamespace(current_epoch=0, max_epochs=2, num_training_batches=2, callback_metrics={})
    line.on_train_start(trainer, None)
    for epoch in range(2):
        trainer.current_epoch = epoch
        for batch in range(2):
            line.on_train_batch_end(trainer, None, None, None, batch)
        trainer.callback_metrics = {METRIC: 0.25 + epoch}
        line.on_validation_end(trainer, None)
    trainer.current_epoch = 2
    line.on_train_end(trainer, None)


def test_a_terminal_has_one_line(capsys):
    train(ProgressLine(metric=METRIC))
    lines = capsys.readouterr().err.split("\r")[1:]
    assert lines[0] == f"[{'.' * 30}] epoch 1 of 2"
    assert lines[3] == f"[{'#' * 22}{'.' * 8}] epoch 2 of 2, {METRIC} 0.2500"
    assert lines[-1] == f"[{'#' * 30}] 2 epochs, {METRIC} 1.2500\n"
    assert "\n" not in "".join(lines[:-1])


def test_a_notebook_has_one_display(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=shown.append)
    display = types.ModuleType("IPython.display")
    display.HTML = lambda text: text

    def show(html, display_id):
        shown.append(("display", html))
        return handle

    display.display = show
    kernel = types.ModuleType("IPython")
    kernel.get_ipython = lambda: SimpleNamespace(kernel=1)
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert in_notebook()
    train(ProgressLine(metric=METRIC))
    assert shown[0] == ("display", '<progress value="0.000" max="1"></progress> epoch 1 of 2')
    assert shown[-1] == f'<progress value="1.000" max="1"></progress> 2 epochs, {METRIC} 1.2500'
    assert not [entry for entry in shown[1:] if isinstance(entry, tuple)]


def test_the_bar_of_a_program_counts_where_somebody_watches(monkeypatch, capsys):
    monkeypatch.setattr(progress, "somebody_watches", lambda: True)
    with progress.progress_bar(5, "lists") as advance:
        advance(2)
        advance(3)
    assert "5/5" in capsys.readouterr().err
    monkeypatch.setattr(progress, "somebody_watches", lambda: False)
    with progress.progress_bar(5, "lists") as advance:
        advance(5)
    assert capsys.readouterr().err == ""
