import re

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.programs import TINY, error_of, run


def test_one_page_tells_of_a_run(small_log, tmp_path):
    data = ["data=sequences", f"data.path={small_log}"]
    run("train", *data, *TINY, "trainer=cpu", "trainer.max_epochs=1", f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path)
    run(
        "report",
        f"run={tmp_path / 'run'}",
        "sections=quick",
        "logger=tensorboard",
        f"hydra.run.dir={tmp_path / 'out'}",
        cwd=tmp_path,
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert len(page) < 3_000_000
    assert f"python -m seqmine.train data=sequences data.path={small_log}" in page
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page[: page.index("</main>")])
    assert titles[0] == "What was asked" and titles[-1] == "Methods"
    assert "set runs=&lt;glob&gt;" in page
    events = EventAccumulator(str(next((tmp_path / "out").rglob("events.out.*")).parent))
    events.Reload()
    pictures = {path.name for path in (tmp_path / "out/pictures").iterdir()}
    assert len(pictures) == page.count('class="chart"') > 3
    assert {f"{name}.png" for name in events.Tags()["images"]} == pictures


def test_a_folder_without_a_run_is_refused_in_a_sentence(tmp_path):
    done = run("report", f"run={tmp_path}", cwd=tmp_path, status=1)
    assert "has no config.yaml; set run to a folder that seqmine.train wrote" in error_of(done)
