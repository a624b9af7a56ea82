from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Chart, Picture, Section, Words
from seqmine.reporting.page.pictures import draw_pictures, log_pictures


def test_charts_and_pictures_are_numbered_in_their_section(tmp_path):
    from matplotlib.image import imread

    rows = [{"name": "young", "value": 1.0}, {"name": "old", "value": 2.0}]
    drawn = Chart("Share by age", "", charts.columns(rows, x="age", y="share"))
    blocks = [Words("no picture"), drawn, Picture("As it was", "", b"pixels")]
    first, second = draw_pictures([Section("Inside / it", blocks), Section("Empty", [])], tmp_path / "pictures")
    assert first == ("inside-it-1", "Share by age", tmp_path / "pictures/inside-it-1.png")
    assert second == ("inside-it-2", "As it was", tmp_path / "pictures/inside-it-2.png")
    pixels = imread(first.path)
    assert pixels.shape[1] > 1000 and (pixels[0, 0] == 1).all()  # white, not transparent
    assert (pixels[..., :3] < 0.9).any(axis=2).mean() > 0.1  # bars stand on it
    assert second.path.read_bytes() == b"pixels"


def test_without_a_logger_nothing_is_drawn(tmp_path):
    log_pictures([], [Section("One", [Picture("As it was", "", b"pixels")])], tmp_path / "pictures")
    assert not (tmp_path / "pictures").exists()
