"""A tiny run whose items have names that no page may take for markup, and the subject of its page."""

from collections.abc import Callable
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.app.telling import subject_of_page
from seqmine.reporting.page.subject import Subject
from seqmine.runs.components import CONF_DIR, build
from tests.tiny import train

BASELINES = ["~baselines.session_knn", "~baselines.item_knn", "~baselines.patterns"]
EVIL = "<script>alert(1)</script>"


def page_run(folder: Path) -> Path:
    """Train a tiny run with titles and times; every third title is a script."""
    lines = ["user_id,item_id,timestamp"]
    for user in range(120):
        for place in range(5 + user % 6):
            lines.append(f"u{user},i{(user * 7 + place) % 30 + 1},{1_600_000_000 + user * 5000 + place * 3600}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    titles = [f"i{item},{EVIL if item % 3 == 0 else 'Film'} {item}" for item in range(1, 31)]
    (folder / "items.csv").write_text("\n".join(["item_id,title", *titles]) + "\n")
    data = ["data=interactions", f"data.items_path={folder / 'items.csv'}", "baselines=default", *BASELINES]
    return train(folder / "log.csv", folder / "run", "trainer.max_epochs=4", *data)


def page_subject(run: Path, *overrides: str) -> Subject:
    """Return the subject of the page of a run."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("report", [f"run={run}", *overrides])
    OmegaConf.update(config, "paths.run", str(run.parent / "page"))
    OmegaConf.update(config, "paths.store", str(run.parent / "store"))
    return subject_of_page(config)


def writer(subject: Subject, name: str) -> Callable:
    """Return a section as the configuration of a subject builds it."""
    return build(subject.config.sections[name], [])
