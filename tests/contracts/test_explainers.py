"""Every explainer of conf/explainer explains every trained model of conf/model, or says why it cannot."""

import numpy as np
import pytest

from seqmine.app.subject import trained_model
from seqmine.explanation.asking import Kept, all_places, ask_kept
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import UserError
from tests.contracts.test_probing import CHOICES, built, datamodule, log  # noqa: F401 - the fixtures

EXPLAINERS = sorted(path.stem for path in (CONF_DIR / "explainer").glob("*.yaml"))
ATTENDING = {
    "transformer",
    "pattern_taught",
    "sasrec",
    "gsasrec",
    "esasrec",
    "bsarec",
    "generative",
    "bert4rec",
    "cl4srec",
    "duorec",
    "icsrec",
    "svae",
    "hf",
    "hf_masked",
}
FLOORS = {"random", "recency"}


def explainer(name):
    from omegaconf import OmegaConf

    return build(OmegaConf.load(CONF_DIR / "explainer" / f"{name}.yaml"), [])


def answers(module, cases: Cases, places) -> np.ndarray:
    return ask_kept(module, cases, [Kept(0, some, 3) for some in places], 64).log_probabilities


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_every_explainer_explains_every_model(choice, log, datamodule):  # noqa: F811
    module = built(log, datamodule, choice)
    cases = trained_model(module, datamodule).test.take(np.arange(3))
    questions = [Question(0, 3), Question(2, 5)]
    sizes = [len(all_places(cases, one.case)) for one in questions]
    is_counted = hasattr(module, "recommender")
    whole, empty = answers(module, cases, [all_places(cases, 0), ()])
    for name in EXPLAINERS:
        one = explainer(name)
        if is_counted and name in ("integrated_gradients", "input_x_gradient"):
            with pytest.raises(UserError, match="needs gradients"):
                one.explain(module, cases, questions)
            continue
        attends = any(choice[0] == f"model={model}" for model in ATTENDING)
        if name == "attention" and not attends:
            with pytest.raises(UserError, match="no softmax attention; set explainer=deletion"):
                one.explain(module, cases, questions)
            continue
        found = one.explain(module, cases, questions)
        assert [len(shares.values) for shares in found] == sizes, name
        assert all(np.isfinite(shares.values).all() for shares in found), name
        alone = one.explain(module, cases, questions[1:])[0]
        assert np.allclose(alone.values, found[1].values, atol=1e-4), name
        if name == "shapley":
            assert found[0].values.sum() == pytest.approx(whole - empty, abs=1e-4)
            assert max(abs(shares.gap) for shares in found) < 1e-6
        if name == "integrated_gradients":
            assert max(abs(shares.gap) for shares in found) < 0.05
        if name == "attention":
            assert all((shares.values >= 0).all() and shares.values.sum() < 1 + 1e-5 for shares in found)


def test_explainers_that_look_at_no_model_say_so():
    assert {name for name in EXPLAINERS if "floor" in explainer(name).caution} == FLOORS
    assert "picture" in explainer("attention").caution
