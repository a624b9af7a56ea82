"""The page of a run as a file."""

import logging
from collections.abc import Sequence
from pathlib import Path

from seqmine.reporting.page.blocks import Section
from seqmine.reporting.page.document import render
from seqmine.reporting.page.subject import METRIC, Subject
from seqmine.structs.files import write_atomically

_log = logging.getLogger(__name__)


def write_page(subject: Subject, sections: Sequence[Section], path: Path) -> None:
    """Write the page of a run, as a whole or not at all.

    Args:
        subject: the run.
        sections: of the page.
        path: of the HTML file.
    """
    # a private run tells nothing that its budget did not pay for
    value = subject.metrics.get(f"test/{METRIC}") if subject.promise is None else None
    lead = f"Run {subject.folder.name}" + ("" if value is None else f", test {METRIC} {value:.4f}")
    page = render(f"{subject.name}: what it learned, how good it is, and why", lead, sections)
    write_atomically(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    _log.info("the page is %s (%.1f MB)", path, len(page.encode()) / 1e6)
