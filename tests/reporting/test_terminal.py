import io

from rich.table import Table

from seqmine.reporting.terminal import Terminal


def test_ids_do_not_reach_the_terminal_as_codes_and_its_own_colors_do():
    console = Terminal(file=io.StringIO(), force_terminal=True, color_system="standard", width=60)
    table = Table("item", title="\x1b]0;owned\x07")
    table.add_row("\x1b[2Jlamp", style="red")
    console.print(table, "\x9b31m", "a\rb", markup=False)
    shown = console.file.getvalue()
    assert "\x1b[31m" in shown
    assert "lamp" in shown
    assert not any(code in shown for code in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\r"))
