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


def test_categories_of_amazon_and_kuairec():
    features = source_of("amazon-beauty", SAMPLES).item_features()
    assert features.row(0) == ("7806397051", "Thing's 7806397051", None, ["Makeup", "Face"])
    assert source_of("amazon-2023", SAMPLES).item_features().row(0) == (
        "B006GBITXC",
        "Game",
        "Shop",
        ["Video Games", "PC"],
    )
    assert source_of("kuairec", SAMPLES).item_features()["categories"].to_list() == [["8"], ["27", "9"]]
