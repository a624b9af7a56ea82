import json
import shutil
from dataclasses import replace

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.data.store import write_catalog
from seqmine.runs.components import CONF_DIR, build
from seqmine.runs.folder import read_config
from seqmine.runs.restore import (
    build_trainer,
    check_catalog,
    correction_of,
    keep_choices,
    load_module,
    reranked,
    restore_run,
    same_components,
)
from seqmine.structs import Catalog, UserError
from tests.listing import Listing, Told
from tests.models.baselines.small_logs import batch_of
from tests.tiny import call, train


def test_a_catalog_with_other_items_or_behaviors_is_refused(tmp_path):
    write_catalog(Catalog.of_size(3), tmp_path / "catalog.parquet")
    check_catalog(Catalog.of_size(3), str(tmp_path))
    with pytest.raises(UserError, match="catalog of 2 items that is not the catalog of 3 items.*set data.path"):
        check_catalog(Catalog(["2", "1"], torch.tensor([0, 1, 1])), str(tmp_path))
    with pytest.raises(UserError, match="that is not the catalog of 3 items"):
        check_catalog(Catalog(["2", "1", "3"], torch.tensor([0, 1, 1, 1])), str(tmp_path))
    with pytest.raises(UserError, match="numbers the behaviors buy, view, and run .* numbers none; set data.path"):
        check_catalog(replace(Catalog.of_size(3), behaviors=["buy", "view"]), str(tmp_path))


def needs(*, width: int) -> int:
    return width


def test_a_run_of_another_version_is_named(tmp_path):
    environment = {"versions": {"seqmine": "0.0.1"}, "git_sha": "abc"}
    (tmp_path / "environment.json").write_text(json.dumps(environment))
    for settings in ({}, {"width": 1, "height": 2}):
        with (
            pytest.raises(UserError, match=r"made by seqmine 0.0.1 \(abc\).*train again"),
            same_components(str(tmp_path)),
        ):
            needs(**settings)
    with pytest.raises(TypeError, match="unsupported operand"), same_components(str(tmp_path)):
        _ = needs(width=1) + None


def test_weights_of_another_version_are_named(tmp_path):
    (tmp_path / "environment.json").write_text(json.dumps({"versions": {"seqmine": "0.0.1"}, "git_sha": "abc"}))
    (tmp_path / "checkpoints").mkdir()
    torch.save({"state_dict": {}}, tmp_path / "checkpoints" / "best.ckpt")
    write_catalog(Catalog.of_size(3), tmp_path / "catalog.parquet")
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        settings = compose("train", ["model=gru"])
    with pytest.raises(UserError, match=r"made by seqmine 0.0.1 \(abc\).*Missing key.*item_embedding.*train again"):
        load_module(str(tmp_path), settings)


def test_a_restored_model_has_the_weights_of_the_run_and_scores_without_dropout(tmp_path):
    write_catalog(Catalog.of_size(9), tmp_path / "catalog.parquet")
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        settings = compose("train", ["model=gru", "model.embedding_dim=8", "model.encoder.dropout=0.5"])
    trained = build(settings.model, [])(catalog=Catalog.of_size(9))
    (tmp_path / "checkpoints").mkdir()
    torch.save({"state_dict": trained.state_dict()}, tmp_path / "checkpoints" / "best.ckpt")
    restored = load_module(str(tmp_path), settings)
    assert not any(part.training for part in restored.modules())
    batch = batch_of([[1, 2, 3], [4, 5]])
    with torch.no_grad():
        first, again = restored.score(batch), restored.score(batch)
        assert torch.equal(first, again)
        assert torch.equal(first, trained.eval().score(batch))


def test_a_run_that_was_killed_and_copied_without_hidden_files_is_used(small_log, tmp_path, monkeypatch):
    """It dies in its second epoch."""

    def die(curve, trainer, module):
        if trainer.current_epoch == 1:
            raise KeyError("killed")

    monkeypatch.setattr("seqmine.training.learning_curve.LearningCurve.on_train_epoch_end", die)
    with pytest.raises(KeyError, match="killed"):
        train(small_log, tmp_path / "killed", "trainer.max_epochs=3")
    monkeypatch.undo()
    run = shutil.copytree(tmp_path / "killed", tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    assert not (run / "metrics.json").exists()
    whole = call("evaluate", tmp_path / "whole", f"run={run}")
    asked = call("evaluate", tmp_path / "asked", f"run={run}", "evaluation.seen=none")
    found, other = (json.loads((folder / "metrics.json").read_text()) for folder in (whole, asked))
    assert (found["protocol"]["seen"], other["protocol"]["seen"]) == ("full", "none")
    assert other["test/mrr@10"] < found["test/mrr@10"], "the setting reached the data module too"
    lists = call("recommend", tmp_path / "lists", f"run={run}", "top_k=3")
    assert (lists / "recommendations.parquet").is_file()


def test_a_component_that_is_gone_is_told_in_a_sentence(tmp_path):
    (tmp_path / "environment.json").write_text(json.dumps({"versions": {"seqmine": "0.0.1"}, "git_sha": "abc"}))
    settings = OmegaConf.create({"callbacks": {"x": {"_target_": "seqmine.nowhere.Gone"}}, "trusted": []})
    with pytest.raises(UserError, match=r"made by seqmine 0.0.1 \(abc\).*seqmine.nowhere.Gone.*train again"):
        build_trainer(settings, str(tmp_path))


def test_weights_of_another_catalog_than_that_of_the_folder_are_refused(older_run, tmp_path):
    run = shutil.copytree(older_run, tmp_path / "run")
    write_catalog(Catalog.of_size(29), run / "catalog.parquet")
    with pytest.raises(UserError, match="numbered in another way"):
        load_module(str(run), read_config(str(run)))


def test_a_run_is_restored_with_the_changes_that_are_set(tmp_path):
    """References in its settings follow the change; what is null stays as it was, and so does the folder."""
    folder, catalog = tmp_path / "run", Catalog.of_size(9)
    (folder / ".hydra").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    write_catalog(catalog, folder / "catalog.parquet")
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        made = ["data=sequences", "data.path=log.txt", "model=hstu", "evaluation.ties=mean", "model.embedding_dim=8"]
        settings = compose("train", made)
    OmegaConf.save(settings, folder / ".hydra" / "config.yaml")
    settings.paths.run, settings.run_name = str(folder), "mine"
    OmegaConf.save(settings, folder / "config.yaml", resolve=True)
    weights = build(settings.model, [])(catalog=catalog).state_dict()
    torch.save({"state_dict": weights}, folder / "checkpoints" / "best.ckpt")
    evaluation = {"seen": "none", "ties": None}
    asked = {"run": str(folder), "paths": {"run": str(tmp_path / "new")}, "evaluation": evaluation}
    restored, module, data = restore_run(OmegaConf.create({**asked, "data": {"path": None}}))
    assert (restored.evaluation.seen, data.seen) == ("none", "none")
    assert (restored.evaluation.ties, restored.data.path) == ("mean", "log.txt")
    assert restored.paths.run == str(tmp_path / "new")
    assert data.reader is module, "its batches have the times that the model reads"
    assert all(torch.equal(weights[name], value) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("target", "trusted"),
    [("shutil.copyfile", "shutil"), ("shutil.copyfile", "shutil.copyfile"), ("logging.FileHandler", "logging")],
)
def test_what_a_run_folder_trusts_is_not_believed(tmp_path, target, trusted):
    secret, stolen = tmp_path / "secret", tmp_path / "stolen"
    secret.write_text("secret")
    values = {"src": str(secret), "dst": str(stolen)} if "shutil" in target else {"filename": str(stolen)}
    attack = {"_target_": target, **values}
    config = {"data": {"module": attack}, "model": attack, "callbacks": {"a": attack}, "trainer": attack}
    config |= {"trusted": [trusted], "seed": 1, "paths": {"run": "x"}}
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints").mkdir()
    torch.save({"state_dict": {}}, tmp_path / "run" / "checkpoints" / "best.ckpt")
    write_catalog(Catalog.of_size(3), tmp_path / "run" / "catalog.parquet")
    for path in ("config.yaml", ".hydra/config.yaml"):
        OmegaConf.save(OmegaConf.create(config), tmp_path / "run" / path)
    program = OmegaConf.create({"run": str(tmp_path / "run"), "trusted": [], "paths": {"run": str(tmp_path)}})
    settings = OmegaConf.create(config)
    for restored in (
        lambda: restore_run(program),
        lambda: load_module(program.run, settings),
        lambda: build_trainer(settings, program.run),
    ):
        with pytest.raises(UserError, match=f"_target_ is '{target}'"):
            restored()
    assert not stolen.exists()


def test_a_correction_of_the_program_is_built_with_its_trust(tmp_path):
    config = OmegaConf.create(
        {"rerank": {"patterns": {"_target_": "shutil.copyfile"}}, "run": str(tmp_path), "trusted": []}
    )
    with pytest.raises(UserError, match="rerank.patterns._target_ is 'shutil.copyfile'"):
        reranked(config, None, None)
    assert reranked(OmegaConf.create({"rerank": None}), "model", None) == ("model", {})


def test_a_program_corrects_as_the_run_was_trained_unless_it_is_told_otherwise(tmp_path):
    for name in ("config.yaml", "composed.yaml"):
        (tmp_path / name).write_text("rerank: {patterns: {alpha: 0.5}}\n")
    asked = OmegaConf.create({"run": str(tmp_path)})
    assert correction_of(asked) == {"patterns": {"alpha": 0.5}}
    for other in ({}, {"diverse": {"weight": 0.1}}):
        assert correction_of(OmegaConf.create({"run": str(tmp_path), "rerank": other})) == other
    assert correction_of(OmegaConf.create({"paths": {"run": str(tmp_path)}})) is None, "a training has no run before it"


def test_what_was_chosen_fills_what_was_left_open_and_nothing_else():
    correction = OmegaConf.create(
        {"patterns": {"alpha": None, "eps": 0.1}, "diverse": {"weight": 0.3, "category": None}}
    )
    keep_choices(correction, {"rerank/alpha": 0.75, "rerank/weight": 0.9, "rerank/eps": 7.0})
    assert correction == {"patterns": {"alpha": 0.75, "eps": 0.1}, "diverse": {"weight": 0.3, "category": None}}


def test_a_correction_needs_a_model_that_scores(tmp_path):
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("evaluate", ["rerank=patterns", "run=mine"])
    with pytest.raises(UserError, match="run is 'mine', whose model names its best items and does not score the whole"):
        reranked(config, Listing(Told(torch.zeros(1, 3))), None)


def test_a_folder_of_another_program_is_no_run(tmp_path):
    for name in ("config.yaml", "composed.yaml"):
        (tmp_path / name).write_text("program: leaderboard\nseed: 1\n")
    config = OmegaConf.create({"run": str(tmp_path), "paths": {"run": "x"}})
    with pytest.raises(UserError, match="a folder of leaderboard; set run to one that seqmine.train wrote"):
        restore_run(config)
