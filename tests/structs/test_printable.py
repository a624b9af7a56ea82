import pytest

from seqmine.structs.printable import printable


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\rb", "a\x08b", "\u202eevil", "\u2066x"])
def test_what_a_terminal_obeys_is_left_out(text):
    assert len(printable(text)) < len(text)
    assert printable(text).isprintable()


def test_text_stays_text():
    assert printable("Größe\t12 – 漢字 🙂\n") == "Größe\t12 – 漢字 🙂\n"
