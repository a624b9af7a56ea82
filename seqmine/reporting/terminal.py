"""The terminal that results are shown on."""

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
