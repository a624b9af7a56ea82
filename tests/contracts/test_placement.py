"""A restored model and what it is asked stand on one device, in every program that scores with it."""

from dataclasses import replace

import pytest
import torch
from hydra import compose, initialize_config_dir

from seqmine.app.subject import subject_of
from seqmine.explanation.attribution import gradients
from seqmine.models.module import SequenceModule
from seqmine.probing import queries
from seqmine.probing.edits import whole_histories
from seqmine.runs import placement
from seqmine.runs.components import CONF_DIR
from seqmine.serving import recommendations
from seqmine.structs import SequenceBatch, UserError
from tests.tiny import call, train

EXPLAIN = ["user=u3", "faithfulness=none", "top_k=3"]


@pytest.fixture(scope="module")
def run(small_log, tmp_path_factory):
    return train(small_log, tmp_path_factory.mktemp("placement") / "run", "trainer.max_epochs=3")


@pytest.fixture
def elsewhere(monkeypatch):
    """Yield a list that tells of each scored batch whether it and its model were brought to the named device.

    The device is pretended: modules and batches say that they are there, and stay on the CPU.
    """
    there, modules, batches, asked = torch.device("cuda", 7), [], [], []
    plain = SequenceModule.score

    def move_module(module, device):
        modules.extend([module] if device == there else [])
        return module

    def move_batch(batch, device, non_blocking=False):
        moved = replace(batch)
        batches.extend([moved] if device == there else [])
        return moved

    def score(module, batch):
        asked.append(any(module is one for one in modules) and any(batch is one for one in batches))
        return plain(module, batch)

    def device_of(model):
        return there if any(model is one for one in modules) else torch.device("cpu")

    monkeypatch.setattr(placement, "device_for", lambda accelerator, devices: there)
    monkeypatch.setattr(SequenceModule, "to", move_module)
    monkeypatch.setattr(SequenceModule, "score", score)
    monkeypatch.setattr(SequenceBatch, "to", move_batch)
    monkeypatch.setattr(queries, "device_of", device_of)
    monkeypatch.setattr(recommendations, "device_of", device_of)
    # the items whose mean vector is asked for are really needed where the table is
    monkeypatch.setattr(gradients, "device_of", lambda model: torch.device("cpu"))
    return asked


def mined(run, folder, *settings):
    """Return what ``mine`` is asked about."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", [f"run='{run}'", f"paths.store={run.parent}/store", *settings])
    config.paths.run = str(folder)
    return subject_of(config)


def test_lists_are_made_where_the_model_is(run, tmp_path, elsewhere):
    call("recommend", tmp_path, f"run={run}")
    assert elsewhere and all(elsewhere)


@pytest.mark.parametrize("explainer", ["deletion", "attention", "integrated_gradients"])
def test_explanations_are_asked_where_the_model_is(run, tmp_path, elsewhere, explainer):
    call("explain", tmp_path, f"run={run}", *EXPLAIN, f"explainer={explainer}")
    assert elsewhere and all(elsewhere)


def test_a_model_is_held_against_patterns_where_it_is(run, tmp_path, elsewhere):
    model = mined(run, tmp_path).model
    cases = model.test.take(range(3))
    queries.ask(model.recommender, cases, whole_histories(cases), [1, 2, 3])
    queries.recommended(model.recommender, cases, 5)
    assert elsewhere and all(elsewhere)


def test_the_setting_takes_the_place_of_that_of_the_run(run, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(placement, "device_for", lambda *asked: seen.append(asked) or torch.device("cpu"))
    call("recommend", tmp_path / "lists", f"run={run}")
    call("explain", tmp_path / "explained", f"run={run}", *EXPLAIN, "trainer.accelerator=gpu", "trainer.devices=[3]")
    mined(run, tmp_path, "trainer.accelerator=auto")
    assert seen == [("cpu", 1), ("gpu", [3]), ("auto", 1)]


def test_a_device_that_is_not_there_is_told_in_a_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    gpu, sentence = "trainer.accelerator=gpu", "trainer.accelerator is 'gpu', which this machine does not have; set"
    with pytest.raises(UserError, match=sentence):
        call("recommend", tmp_path, f"run={run}", gpu)
    with pytest.raises(UserError, match=sentence):
        call("explain", tmp_path, f"run={run}", *EXPLAIN, gpu)
    with pytest.raises(UserError, match=sentence):
        mined(run, tmp_path, gpu)


def test_what_cannot_be_heeded_is_refused(run, tmp_path):
    with pytest.raises(UserError, match="trainer.devices is 2, allowed is one device"):
        call("explain", tmp_path, f"run={run}", *EXPLAIN, "trainer.devices=2")
    with pytest.raises(UserError, match="trainer.devices is 2, allowed is one device"):
        mined(run, tmp_path, "trainer.devices=2")
    with pytest.raises(UserError, match=r"trainer.devices is \[1\], allowed are whole numbers from 1"):
        call("recommend", tmp_path, f"run={run}", "trainer.devices=[1]")
    with pytest.raises(UserError, match="trainer.precision is set, allowed are trainer.accelerator and"):
        call("recommend", tmp_path, f"run={run}", "++trainer.precision=bf16-mixed")
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", ["trainer.accelerator=cpu"])
    with pytest.raises(UserError, match="trainer.accelerator is 'cpu', but patterns are mined on the CPU .*; set run"):
        subject_of(config)
