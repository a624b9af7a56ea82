import sys
import types
from types import SimpleNamespace

from seqmine.reporting import progress
from seqmine.reporting.progress import ProgressLine, in_notebook

METRIC = "val/ndcg@10"


def train(line: ProgressLine, epochs: int = 2) -> None:
    state = SimpleNamespace(fn="fit")
    trainer = SimpleNamespace(
        current_epoch=0, max_epochs=epochs, num_training_batches=2, callback_metrics={}, state=state
    )
    line.on_train_start(trainer, None)
    for epoch in range(epochs):
        trainer.current_epoch = epoch
        for batch in range(2):
            line.on_train_batch_end(trainer, None, None, None, batch)
        trainer.callback_metrics = {METRIC: 0.25 + epoch}
        line.on_validation_end(trainer, None)
    trainer.current_epoch = epochs
    line.on_train_end(trainer, None)
    trainer.state.fn = "validate"
    line.on_validation_end(trainer, None)


def test_a_terminal_has_one_line(monkeypatch, capsys):
    monkeypatch.setattr(progress, "somebody_watches", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    train(ProgressLine(metric=METRIC))
    lines = capsys.readouterr().err.split("\r")[1:]
    assert lines[0].rstrip() == f"[{'.' * 24}] epoch 1 of 2"
    assert lines[3].rstrip() == f"[{'#' * 18}{'.' * 6}] epoch 2 of 2, {METRIC} 0.2500"
    assert lines[-1].rstrip() == f"[{'#' * 24}] 2 epochs, {METRIC} 1.2500"
    assert lines[-1].endswith("\n")
    assert "\n" not in "".join(lines[:-1])
    assert {len(line.rstrip("\n")) for line in lines} == {79}, "what was longer before is written over"


def test_a_line_never_wraps(monkeypatch, capsys):
    monkeypatch.setattr(progress, "somebody_watches", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    train(ProgressLine(metric=METRIC))
    assert {len(line.rstrip("\n")) for line in capsys.readouterr().err.split("\r")[1:]} == {39}


def test_an_error_has_a_line_of_its_own(monkeypatch, capsys):
    line = ProgressLine(metric=METRIC)
    line.on_exception(SimpleNamespace(training=True), None, ValueError())
    monkeypatch.setattr(progress, "somebody_watches", lambda: True)
    line.on_exception(SimpleNamespace(training=False), None, ValueError())
    assert capsys.readouterr().err == ""
    line.on_exception(SimpleNamespace(training=True), None, ValueError())
    assert capsys.readouterr().err == "\n"


def test_a_log_file_has_few_plain_lines(capsys):
    train(ProgressLine(metric=METRIC), epochs=100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"epoch 34 of 100, {METRIC} 33.2500"
    assert len(lines) == 2


def test_other_devices_than_the_first_say_nothing(monkeypatch, capsys):
    line = ProgressLine(metric=METRIC)
    line.disable()
    train(line)
    monkeypatch.setattr(progress, "somebody_watches", lambda: True)
    train(line)
    assert capsys.readouterr().err == ""


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
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # to Rich a terminal
    with progress.progress_bar(5, "lists") as advance:
        advance(2)
        advance(3)
    shown = capsys.readouterr().err
    assert "5/5" in shown
    assert shown.endswith("\x1b[2K")  # the line is taken away again
    monkeypatch.setattr(progress, "somebody_watches", lambda: False)
    with progress.progress_bar(5, "lists") as advance:
        advance(5)
    assert capsys.readouterr().err == ""
