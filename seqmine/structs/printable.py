"""Text of strangers on a terminal: what would move the cursor, color or hide something is left out."""

import re

# control characters but for line ends and tabs, and those that turn the direction of writing around
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text without characters that a terminal obeys.

    >>> printable("lamp\x1b[2J\x9b31m")
    'lamp[2J31m'
    """
    return _CONTROL.sub("", text)
