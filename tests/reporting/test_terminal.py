import io
import logging

from rich.table import Table

from seqmine.reporting.terminal import FoldedMessages, Terminal


def test_ids_do_not_reach_the_terminal_as_codes_and_its_own_colors_do():
    console = Terminal(file=io.StringIO(), force_terminal=True, color_system="standard", width=60)
    table = Table("item", title="\x1b]0;owned\x07")
    table.add_row("\x1b[2Jlamp", style="red")
    console.print(table, "\x9b31m", "a\rb", markup=False)
    shown = console.file.getvalue()
    assert "\x1b[31m" in shown
    assert "lamp" in shown
    assert not any(code in shown for code in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\r"))


def test_messages_are_folded_between_words_on_a_terminal_alone(monkeypatch):
    message = logging.LogRecord(
        "n", logging.INFO, "", 0, "seen is none: %d of the events go back\n  second line", (9,), None
    )
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert FoldedMessages("%(message)s").format(message) == "seen is none: 9 of the events go back\n  second line"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert FoldedMessages("%(message)s").format(message) == "seen is none: 9 of\nthe events go back\n  second line"
