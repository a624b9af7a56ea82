"""The terminal that results are shown on."""

import logging
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from seqmine.structs.printable import printable


class Terminal(Console):
    """A console on which ids and titles of a log are text, whatever characters they have."""

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """Yield what is shown; codes of the console itself stay as they are."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


class FoldedMessages(logging.Formatter):
    """Messages that are folded between words where a person reads them; a file has each in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a message."""
        return folded(super().format(record))


def folded(text: str) -> str:
    """Return what is written to stderr, folded between words where that is a terminal."""
    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines = text.splitlines()
    return "\n".join(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines)
