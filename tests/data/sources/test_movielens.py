from pathlib import Path

from hydra.utils import instantiate
from omegaconf import OmegaConf

CONF = Path(__file__).resolve().parents[3] / "conf" / "data"


SAMPLES = Path(__file__).resolve().parents[1] / "samples"


OWN_FILES = {"sequences": "log.txt", "interactions": "log.csv"}


def source_of(name, root):
    config = OmegaConf.load(CONF / f"{name}.yaml")
    config.pop("defaults")
    tree = OmegaConf.create({"data": config, "paths": {"data": str(root)}})
    if name in OWN_FILES:
        tree.data.path = str(Path(root) / name / OWN_FILES[name])
    return instantiate(tree.data.source)


def test_genres_of_movielens():
    first = source_of("ml-100k", SAMPLES).item_features().row(0, named=True)
    assert first == {"item_id": "242", "title": "Filmé 242 (1995)", "genres": ["Comedy", "Drama"]}
    features = source_of("ml-1m", SAMPLES).item_features()
    assert features.rows()[:2] == [
        ("1193", 'Café, "The" (1975)', ["Drama"]),
        ("661", "Peach: A Story (1996)", ["Animation", "Musical"]),
    ]
    assert source_of("ml-20m", SAMPLES).item_features()["title"][0] == "River, A (1995)"


def test_movielens_100k_as_recbole_files(tmp_path):
    (tmp_path / "ml-100k").mkdir()
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    body = (SAMPLES / "ml-100k" / "u.data").read_text(encoding="latin-1")
    (tmp_path / "ml-100k" / "ml-100k.inter").write_text(header + body)
    assert source_of("ml-100k", tmp_path).read().equals(source_of("ml-100k", SAMPLES).read())
