from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.structs import UserError

CONF = Path(__file__).resolve().parents[3] / "conf" / "data"


OWN_FILES = {"sequences": "log.txt", "interactions": "log.csv"}


def source_of(name, root):
    config = OmegaConf.load(CONF / f"{name}.yaml")
    config.pop("defaults")
    tree = OmegaConf.create({"data": config, "paths": {"data": str(root)}})
    if name in OWN_FILES:
        tree.data.path = str(Path(root) / name / OWN_FILES[name])
    return instantiate(tree.data.source)


def test_broken_lines_of_published_files_are_named(tmp_path):
    (tmp_path / "retailrocket").mkdir()
    path = tmp_path / "retailrocket" / "events.csv"
    path.write_text("timestamp,visitorid,event,itemid,transactionid\n1,2,view,3,\n1,2,view\n")
    with pytest.raises(UserError, match=r"events.csv line 3 has 3 values where the table has 5 columns"):
        source_of("retailrocket", tmp_path).read()
    path.write_text("timestamp,visitorid\n1,2\n")
    with pytest.raises(UserError, match="is not a column of"):
        source_of("retailrocket", tmp_path).read()
    (tmp_path / "yelp").mkdir()
    (tmp_path / "yelp" / "yelp_academic_dataset_review.json").write_text('{"user_id": "u"}\n{"user_')
    with pytest.raises(UserError, match="is not a file of one JSON object a line"):
        source_of("yelp", tmp_path).read()
    (tmp_path / "steam").mkdir()
    (tmp_path / "steam" / "steam_reviews.json").write_text("{'username': 'a'}\n__import__('os').getcwd()\n")
    with pytest.raises(UserError, match=r"steam_reviews.json line 2 is not a Python dictionary"):
        source_of("steam", tmp_path).read()
