import json

import pytest

import seqmine as sm
from seqmine.app.door.training import build_model
from seqmine.structs import UserError
from tests.programs import run as run_program


def test_a_training_says_nothing_and_leaves_a_whole_run_folder(data, capfd):
    run = sm.train(data, model="popularity", overrides=["baselines=none"])
    assert capfd.readouterr() == ("", "")
    names = {path.name for path in run.folder.iterdir()}
    assert {".hydra", "config.yaml", "metrics.json", "per_user.parquet", "catalog.parquet", "checkpoints"} <= names
    assert {"environment.json", "events.log"} <= names
    assert run.folder.parent == data.outputs / "train"
    assert run.settings["run_name"] == "popularity"


def test_a_run_is_scored_again_by_another_protocol(run, data):
    same = sm.evaluate(run)
    assert same.metrics["test/ndcg@10"] == run.metrics["test/ndcg@10"]
    assert same.folder.parent == data.outputs / "evaluate"
    other = sm.evaluate(run.folder, seen="none", folder=data.outputs / "again")
    assert other.folder == data.outputs / "again"
    assert other.metrics["protocol"]["seen"] == "none"
    assert other.metrics["test/ndcg@10"] < run.metrics["test/ndcg@10"]


def test_programs_take_a_run_of_a_table(counted, tmp_path):
    run_program("evaluate", f"run={counted.folder}", f"hydra.run.dir={tmp_path / 'again'}", cwd=tmp_path)
    again = json.loads((tmp_path / "again" / "metrics.json").read_text())
    assert again["test/ndcg@10"] == counted.metrics["test/ndcg@10"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda data: sm.train(data, model="sasrek"), "model is 'sasrek', allowed are .*did you mean model=sasrec"),
        (lambda data: sm.train(data, overrides=["trainer.max_epochs=0"]), "trainer.max_epochs is 0, allowed are whole"),
        (lambda data: sm.train(data, overrides=["trainer.devices=2"]), "trainer.devices is 2 on 1 nodes, allowed in"),
        (lambda data: sm.load(data.outputs), "has no config.yaml"),
        (lambda data: sm.evaluate("nowhere"), "run 'nowhere' has no config.yaml"),
    ],
)
def test_mistakes_are_one_sentence(data, call, sentence):
    with pytest.raises(UserError, match=sentence) as raised:
        call(data)
    assert raised.value.__cause__ is None
    assert "\n" not in str(raised.value)


def test_a_model_is_built_for_a_trainer_of_ones_own(data):
    module = build_model(data, model="gru", overrides=["model.embedding_dim=8"])
    assert module.item_embedding.vectors().shape == (data.num_items + 1, 8)
