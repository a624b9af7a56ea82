import base64

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.table import Table

from seqmine.reporting.notebook import Picture, html_of, image_html


def test_a_picture_shows_and_saves_itself(tmp_path):
    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    picture = Picture.of(figure)
    assert picture._repr_png_().startswith(b"\x89PNG")
    picture.save(tmp_path / "a" / "b.png")
    assert (tmp_path / "a" / "b.png").read_bytes() == picture.png
    assert base64.b64decode(image_html(picture.png).split("base64,")[1].split('"')[0]) == picture.png


def test_tables_are_shown_under_an_escaped_title():
    table = Table("row")
    table.add_row("<b>")
    shown = html_of("runs of <me>", [table])
    assert "runs of &lt;me&gt;" in shown
    assert "&lt;b&gt;" in shown
    assert "<me>" not in shown


def test_tables_are_returned_and_not_shown_beside(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    shown = []
    monkeypatch.setattr("rich.jupyter.display", lambda *parts: shown.append(parts))
    assert "row" in html_of("runs", [Table("row")])
    assert not shown
