import pytest
from omegaconf import OmegaConf

from seqmine.runs.folder import best_checkpoint, checkpoint_fingerprint, read_config, read_metrics
from seqmine.structs import UserError
from seqmine.structs.files import write_json


def make_run(folder):
    raw = {"seen": "full", "module": {"seen": "${seen}"}, "home": "${oc.env:NOWHERE}", "paths": {"run": "${hydra:x}"}}
    (folder / ".hydra").mkdir()
    OmegaConf.save(OmegaConf.create(raw), folder / ".hydra" / "config.yaml")
    resolved = {"seen": "full", "module": {"seen": "full"}, "home": "/home", "paths": {"run": "old"}}
    OmegaConf.save(OmegaConf.create(resolved), folder / "config.yaml")
    return str(folder)


def test_references_inside_a_read_configuration_are_alive(tmp_path):
    config = read_config(make_run(tmp_path))
    config.seen = "none"
    assert config.module.seen == "none"
    assert (config.home, config.paths.run) == ("/home", "old")


def test_what_the_run_asked_its_log_for_is_the_protocol_that_it_became(tmp_path):
    run = make_run(tmp_path)
    for path, seen in ((tmp_path / ".hydra" / "config.yaml", "auto"), (tmp_path / "config.yaml", "none")):
        OmegaConf.save(OmegaConf.merge(OmegaConf.load(path), {"evaluation": {"seen": seen}}), path)
    assert read_config(run).evaluation.seen == "none"


def test_references_are_read_from_a_visible_file_first_and_a_folder_without_them_is_refused(tmp_path):
    run = make_run(tmp_path)
    (tmp_path / ".hydra" / "config.yaml").rename(tmp_path / "composed.yaml")
    (tmp_path / ".hydra").rmdir()
    config = read_config(run)
    config.seen = "none"
    assert config.module.seen == "none"
    (tmp_path / "composed.yaml").unlink()
    with pytest.raises(
        UserError, match="has neither composed.yaml nor .hydra/config.yaml.*copy the run with its hidden"
    ):
        read_config(run)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match="has no config.yaml; set run to a folder that seqmine.train wrote"):
        read_config(str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="has no checkpoints/best.ckpt"):
        best_checkpoint(str(tmp_path))


def test_metrics_are_read_back(tmp_path):
    write_json(tmp_path / "metrics.json", {"val/ndcg@10": 0.5})
    assert read_metrics(tmp_path) == {"val/ndcg@10": 0.5}


def test_other_weights_have_another_fingerprint(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    found = []
    for weights in ("a", "b", "a"):
        (tmp_path / "checkpoints" / "best.ckpt").write_text(weights)
        found.append(checkpoint_fingerprint(str(tmp_path)))
    assert found[0] == found[2] != found[1]
