"""The charts of a page as pictures of their own, for dashboards and slides."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lightning.pytorch.loggers import Logger

from seqmine.reporting.page.blocks import Chart, Picture, Section
from seqmine.reporting.page.document import missing
from seqmine.reporting.run_loggers import log_picture
from seqmine.structs import UserError
from seqmine.structs.files import write_atomically

_WIDTH = 720
_DOTS = 2  # a point of the page


class Drawn(NamedTuple):
    """A picture of the page as a file.

    Args:
        name: ``<section>-<number>``, the same for every run.
        caption: what it shows.
        path: of the PNG.
    """

    name: str
    caption: str
    path: Path


def draw_pictures(sections: Sequence[Section], folder: Path) -> list[Drawn]:
    """Write each chart and picture as a PNG on white, numbered in its section.

    Args:
        sections: of the page.
        folder: where the files are written; it is made where it is not there.

    Raises:
        UserError: the package that draws is missing.
    """
    found = []
    for section in sections:
        shown = [block for block in section.blocks if isinstance(block, Chart | Picture)]
        for number, block in enumerate(shown, start=1):
            name = f"{section.anchor}-{number}"
            write_atomically(folder / f"{name}.png", partial(Path.write_bytes, data=_pixels(block)))
            found.append(Drawn(name, block.caption, folder / f"{name}.png"))
    return found


def log_pictures(loggers: Sequence[Logger], sections: Sequence[Section], folder: Path) -> None:
    """Draw the pictures of a page and log each with its caption; without a logger none is drawn.

    Args:
        loggers: of the run.
        sections: of the page.
        folder: where the files are written.
    """
    for drawn in draw_pictures(sections, folder) if loggers else ():
        log_picture(loggers, drawn.name, drawn.path, drawn.caption)


def _pixels(block: Chart | Picture) -> bytes:
    if isinstance(block, Picture):
        return block.png
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise UserError(missing(error)) from error
    config = {**block.spec.get("config", {}), "background": "white"}
    png: bytes = vl_convert.vegalite_to_png({**block.spec, "width": _WIDTH, "config": config}, scale=_DOTS)
    return png
