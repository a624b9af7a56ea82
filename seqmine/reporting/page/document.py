"""Sections as one HTML file that opens from disk: scripts, styles and data are all inside, and nothing is fetched."""

import base64
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from seqmine.reporting.page.blocks import Chart, Section, shown
from seqmine.structs import UserError


def render(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a page; every text of it is escaped, whatever a log has in its ids and titles.

    Args:
        title: of the page.
        lead: a sentence below it.
        sections: in the order of the page.

    Raises:
        UserError: the packages of the extra ``report`` are missing.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise UserError(missing(error)) from error
    loader = jinja2.PackageLoader("seqmine.reporting.page", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"shown": shown, "pixels": _pixels, "finite": _finite}
    has_charts = any(isinstance(block, Chart) for section in sections for block in section.blocks)
    page: str = environment.get_template("page.html.j2").render(
        title=title, lead=lead, sections=sections, vega=_vega() if has_charts else ""
    )
    return page


def require_packages() -> None:
    """Refuse to begin a page that could not be drawn.

    Raises:
        UserError: a package of the extra ``report`` is missing.
    """
    try:
        for name in ("altair", "jinja2", "vl_convert"):
            import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(missing(error)) from error


def missing(error: ModuleNotFoundError) -> str:
    """Return what to tell of a package that is not installed."""
    return f"the page needs {error.name}, which is not installed; install it with pip install 'seqmine[report]'"


def _pixels(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _finite(value: Any) -> Any:
    """Return plain values with null in the place of what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise UserError(missing(error)) from error
    script: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    # the end of a script is told by these letters, wherever they stand
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
