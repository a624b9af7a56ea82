"""What a page is made of: words, code, tables, charts and pictures, as values without any markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Cell = str | int | float | None


@dataclass(frozen=True)
class Words:
    """A paragraph of plain text."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Note:
    """What is not there, and how to get it."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Code:
    """What a user types."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Grid:
    """A table that a reader can sort; a long one can be searched.

    Args:
        caption: what it shows.
        columns: names of the columns.
        rows: one cell a column; numbers stand on the right, None is unknown.
        strong: number of a row that stands out, or None.
    """

    kind: ClassVar[str] = "grid"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    strong: int | None = None

    @property
    def is_long(self) -> bool:
        """Whether it is searched rather than looked through."""
        return len(self.rows) > 12

    @property
    def is_number(self) -> list[bool]:
        """Which columns hold only numbers."""
        return [
            any(row[place] is not None for row in self.rows)
            and all(row[place] is None or isinstance(row[place], int | float) for row in self.rows)
            for place in range(len(self.columns))
        ]


@dataclass(frozen=True)
class Chart:
    """A chart of Vega-Lite.

    Args:
        caption: what it shows.
        alt: what it says, for those who do not see it.
        spec: of Vega-Lite, with its data.
    """

    kind: ClassVar[str] = "chart"
    caption: str
    alt: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A picture of pixels.

    Args:
        caption: what it shows.
        alt: what it says, for those who do not see it.
        png: its bytes.
    """

    kind: ClassVar[str] = "picture"
    caption: str
    alt: str
    png: bytes


Block = Words | Note | Code | Heading | Grid | Chart | Picture


@dataclass(frozen=True)
class Section:
    """A part of the page under one heading."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """The name that links inside the page jump to.

        >>> Section("Is it more than a shortcut?", []).anchor
        'is-it-more-than-a-shortcut'
        """
        words = "".join(letter if letter.isalnum() else " " for letter in self.title.lower())
        return "-".join(words.split())


def shown(cell: Cell) -> str:
    """Return a cell as people read it.

    >>> shown(0.123456), shown(12345), shown(1234.5), shown(3e-7), shown(0.0), shown(None), shown("a")
    ('0.1235', '12,345', '1,234', '3e-07', '0', '–', 'a')
    >>> shown(3e-308)
    '< 1e-300'
    """
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int) or cell == 0:
        return f"{cell:,.0f}"
    if isinstance(cell, float):
        if 0 < cell < 1e-300:  # a p-value that is too small for a number
            return "< 1e-300"
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.2g}" if 0 < abs(cell) < 1e-4 else f"{cell:.4f}"
    return cell
