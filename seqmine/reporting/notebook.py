"""Values that show themselves in a notebook: pictures, tables, and the one progress bar of a training."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAGE = '<pre style="line-height:1.15;white-space:pre;overflow-x:auto">{code}</pre>'


@dataclass(frozen=True)
class Picture:
    """A picture that a notebook shows.

    Args:
        png: its content.
    """

    png: bytes

    @classmethod
    def of(cls, figure: "Figure") -> "Picture":
        """Render a figure."""
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=110)
        return cls(content.getvalue())

    def save(self, path: str | Path) -> None:
        """Write the picture as a PNG file."""
        from seqmine.structs.files import write_atomically

        write_atomically(Path(path), lambda temporary: temporary.write_bytes(self.png))

    def __repr__(self) -> str:
        return f"Picture({len(self.png):,} bytes of PNG; a notebook shows it, save(path) writes it)"

    def _repr_png_(self) -> bytes:
        return self.png


def image_html(png: bytes) -> str:
    """Return a picture as HTML that needs no other file."""
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def html_of(title: str, tables: Iterable[Any], width: int = 110) -> str:
    """Return a title and tables for a terminal as HTML.

    Args:
        title: one line above the tables.
        tables: what rich can print.
        width: columns of the terminal that they are made for.
    """
    from seqmine.reporting.terminal import Terminal

    # rich would show the tables of a notebook by itself, beside the HTML that is returned
    console = Terminal(record=True, file=io.StringIO(), width=width, force_jupyter=False)
    for table in tables:
        console.print(table)
    return f"<p>{escape(title)}</p>{console.export_html(code_format=_PAGE, inline_styles=True)}"
