"""Contract of all sources: what conf/data names reads its ten-line sample into the events written beside it."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.data.sources.events import SCHEMA
from seqmine.structs import Source, UserError

CONF = Path(__file__).resolve().parents[3] / "conf" / "data"


SAMPLES = Path(__file__).resolve().parents[1] / "samples"


OWN_FILES = {"sequences": "log.txt", "interactions": "log.csv", "query": "log.csv"}


NAMES = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem not in ("base", "synthetic"))


PUBLISHED = [name for name in NAMES if name not in OWN_FILES]


def source_of(name, root):
    config = OmegaConf.load(CONF / f"{name}.yaml")
    config.pop("defaults")
    tree = OmegaConf.create({"data": config, "paths": {"data": str(root)}})
    if name == "query":
        pytest.importorskip("duckdb")
        tree.paths.store = tempfile.gettempdir()
        tree.data.query = f"select * from read_csv('{root}/query/log.csv', all_varchar=true)"
    elif name in OWN_FILES:
        tree.data.path = str(Path(root) / name / OWN_FILES[name])
    return instantiate(tree.data.source)


def expected(name):
    return pl.read_csv(SAMPLES / name / "expected.csv", infer_schema=False)


@pytest.mark.parametrize("name", NAMES)
def test_sample_reads_into_the_expected_events(name):
    source = source_of(name, SAMPLES)
    assert isinstance(source, Source)
    events = source.read()
    wanted = expected(name)
    assert events.schema == {column: dtype for column, dtype in SCHEMA.items() if column in wanted.columns}
    assert events.equals(wanted.select(pl.col(column).cast(SCHEMA[column]) for column in wanted.columns))
    assert 9 <= len(events) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_item_features_name_items_of_the_sample(name):
    features = source_of(name, SAMPLES).item_features()
    if features is not None:
        assert features["item_id"].dtype == pl.String
        assert features["item_id"].is_unique().all()
        assert features.width > 1
        assert set(features["item_id"]) & set(expected(name)["item_id"])


@pytest.mark.parametrize("name", NAMES)
def test_fingerprint_is_stable_and_follows_the_file(name, tmp_path):
    (tmp_path / name).mkdir()
    for path in (SAMPLES / name).iterdir():
        (tmp_path / name / path.name).write_bytes(path.read_bytes())
    before = source_of(name, tmp_path).fingerprint()
    assert before == source_of(name, SAMPLES).fingerprint()
    for path in (tmp_path / name).iterdir():
        if path.name != "expected.csv":
            path.write_bytes(path.read_bytes() + (b"w,x,1,y,2\n" if name == "query" else b"\n"))
            break
    assert before != source_of(name, tmp_path).fingerprint()


@pytest.mark.parametrize("name", PUBLISHED)
def test_header_names_license_and_citation(name):
    header = [line for line in (CONF / f"{name}.yaml").read_text().splitlines() if line.startswith("#")]
    assert any("License:" in line for line in header)
    assert any("Cite:" in line for line in header)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "url:" not in (CONF / f"{name}.yaml").read_text()])
def test_file_behind_a_login_says_where_to_get_it(name, tmp_path):
    with pytest.raises(UserError, match=rf"has no {name}/.*; get it from https://.* or set root"):
        source_of(name, tmp_path).read()


def test_wrong_time_names_its_file_among_several(tmp_path):
    (tmp_path / "yoochoose").mkdir()
    (tmp_path / "yoochoose" / "yoochoose-clicks.dat").write_text("1,2014-04-07T10:51:09.277Z,2,0\n")
    (tmp_path / "yoochoose" / "yoochoose-buys.dat").write_text("1,2014-04-07T10:51:09.277Z,2,9,1\n1,later,2,9,1\n")
    with pytest.raises(UserError, match=r"yoochoose-buys.dat line 2: timestamp 'later' is not a time"):
        source_of("yoochoose", tmp_path).read()
