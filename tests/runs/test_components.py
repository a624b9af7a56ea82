import pickle
import re
import sys
from copy import copy, deepcopy

import pytest
import torch
from omegaconf import OmegaConf

from seqmine.data.splits import LeaveLastK
from seqmine.runs import components
from seqmine.runs.components import build, build_group, is_allowed, shipped_targets
from seqmine.structs import UserError

SPLIT = "seqmine.data.splits.LeaveLastK"


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.load",
        "builtins.open",
        "lightning.fabric.utilities.cloud_io._load",
        "seqminex.Evil",
        "shutil.copyfile",
        "logging.FileHandler",
        "seqmine.structs.files.write_json",
        "seqmine.structs.files.write_atomically",
        "seqmine.data.store.write_catalog",
        "seqmine.app.multirun.write_leaderboard",
        "seqmine.data.splits.LeaveLastK.split",
        "seqmine.data.splits.np.save",
        "torch.nn.modules.module.torch.save",
        "torch.nn.Module.apply",
        "torch.nn.Parameter",
        "torch.nn.init.zeros_",
        "torch.optim.lr_scheduler.warnings",
        "lightning.pytorch.callbacks.callback.Any",
        "",
    ],
)
def test_what_conf_does_not_name_is_refused_wherever_it_stands(target):
    assert not is_allowed(target)
    bad = {"_target_": target}
    for node in (
        bad,
        {"_target_": SPLIT, "k": bad},
        {"_target_": SPLIT, "k": [1, {"deep": bad}]},
        {"_target_": SPLIT, "_partial_": True, "k": {**bad, "_partial_": True}},
        {"_target_": SPLIT, "k": "${elsewhere}"},
        {"_target_": "${elsewhere._target_}"},
    ):
        root = OmegaConf.create({"part": node, "elsewhere": bad})
        with pytest.raises(UserError, match=r"^(part|elsewhere).*_target_ is .*add trusted="):
            build(root.part)


def test_nothing_is_built_before_all_targets_are_known(tmp_path):
    log = {"_target_": "logging.FileHandler", "filename": str(tmp_path / "written")}
    node = OmegaConf.create({"first": log, "second": {"_target_": "shutil.copyfile"}})
    with pytest.raises(UserError, match=r"^second\._target_ is 'shutil.copyfile'"):
        build(node, ["logging.FileHandler"])
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("target", ["torch.nn.Tanh", "torch.optim.RMSprop", "torch.optim.lr_scheduler.OneCycleLR"])
def test_the_classes_of_torch_are_allowed(target):
    assert is_allowed(target)


def test_the_callbacks_of_lightning_are_allowed():
    assert is_allowed("lightning.pytorch.callbacks.Timer")


def test_everything_that_conf_names_is_allowed():
    assert "seqmine.models.encoders.sasrec.SASRecEncoder" in shipped_targets()


class Own:
    def __init__(self, *, size: int) -> None:
        if size < 1:
            raise UserError(f"size is {size}, allowed are whole numbers from 1")
        self.size = size


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine.nets", type("Module", (), {"Net": Own, "Other": Own}))
    monkeypatch.setitem(sys.modules, "mine", type("Module", (), {}))
    return OmegaConf.create({"_target_": "mine.nets.Net", "size": 3})


def test_a_component_is_trusted_by_its_full_name_alone(own):
    assert build(own, ["mine.nets.Net"]).size == 3
    for trusted in ([], ["mine"], ["mine.nets"], ["mine.nets.Ne"], ["Net"], ["mine.nets.*"], ["mine.nets.Other"]):
        with pytest.raises(UserError, match="_target_ is 'mine.nets.Net'"):
            build(own, trusted)


def test_an_installed_package_declares_its_components(own, monkeypatch):
    points = {"seqmine": [type("Point", (), {"value": "mine.nets:Net"})], "other": []}
    monkeypatch.setattr(components, "entry_points", lambda group: points[group])
    components._declared_targets.cache_clear()
    try:
        assert build(own).size == 3
        own._target_ = "mine.nets.Other"
        with pytest.raises(UserError, match="_target_ is 'mine.nets.Other'"):
            build(own)
    finally:
        components._declared_targets.cache_clear()


def test_build_makes_plain_values():
    config = OmegaConf.create({"part": {"_target_": SPLIT, "k": "${k}"}, "list": ["${part}", {"a": None}], "k": 3})
    made = build(config)
    assert made["part"].k == made["list"][0].k == made["k"] == 3
    assert type(made) is dict and type(made["list"]) is list and made["list"][1] == {"a": None}
    assert build(OmegaConf.create({"part": None})) == {"part": None}


def test_a_mistake_is_told_by_the_setting_behind_the_parameter(own):
    net = {"_target_": "mine.nets.Net", "size": 0}
    for config, sentence in [
        ({"model": {"encoder": net}}, "model.encoder.size is 0, allowed are whole numbers from 1"),
        ({"model": {"encoder": {**net, "size": "${model.size}"}, "size": 0}}, "model.size is 0, allowed"),
        ({"model": {"encoder": "${nets.small}"}, "nets": {"small": net}}, "nets.small.size is 0, allowed"),
        ({"model": {"parts": [{**net, "size": 1}, net]}}, r"model.parts\[1\].size is 0, allowed"),
    ]:
        with pytest.raises(UserError, match=f"^{sentence}"):
            build(OmegaConf.create(config).model, ["mine.nets.Net"])


class Reader:
    """Reads by a part, and says late what is wrong."""

    def __init__(self, *, path: str, part: object = None, parts: object = ()) -> None:
        self.path, self.part, self.parts = path, part, parts

    def read(self) -> None:
        for part in [self.part, *self.parts]:
            if part is not None:
                part.read()
        _open(self.path)


def _open(path: str) -> None:
    if path == "gone":
        raise UserError(f"`path`={path} is no file; set `path` or `reader.path`")


@pytest.mark.parametrize(
    ("config", "setting", "reader"),
    [
        ({"data": {"reader": {"path": "gone"}}}, "data.reader.path", "data.reader.path"),
        ({"other": {"source": {"path": "gone"}}}, "other.source.path", "reader.path"),
        ({"a": {"reader": {"path": "here", "part": {"path": "gone"}}}}, "a.reader.part.path", "a.reader.path"),
        ({"a": {"b": {"path": "", "parts": [{"path": ""}, {"path": "gone"}]}}}, "a.b.parts[1].path", "reader.path"),
        ({"a": {"b": {"path": "${where}"}}, "where": "gone"}, "where", "reader.path"),
        ({"a": {"b": {"path": "", "part": "${reader}"}}, "reader": {"path": "gone"}}, "reader.path", "reader.path"),
    ],
    ids=["group", "renamed group", "nested", "list", "reference to a value", "reference to a component"],
)
def test_a_mistake_that_comes_up_late_is_told_by_the_setting_behind_the_parameter(config, setting, reader, monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", type("Module", (), {"Reader": Reader}))
    root = OmegaConf.create(_with_target(config))
    group = next(iter(config))
    component = next(iter(build(root[group], ["mine.Reader"]).values()))
    for own in (component, copy(component), deepcopy(component), pickle.loads(pickle.dumps(component))):
        with pytest.raises(UserError, match=f"^{re.escape(f'{setting}=gone is no file; set {setting} or {reader}')}$"):
            own.read()


def _with_target(node: object) -> object:
    if isinstance(node, list):
        return [_with_target(part) for part in node]
    if not isinstance(node, dict):
        return node
    target = {"_target_": "mine.Reader"} if "path" in node else {}
    return {**target, **{name: _with_target(part) for name, part in node.items()}}


def test_a_place_is_no_part_of_the_state_of_a_scheduler():
    node = OmegaConf.create({"_target_": "torch.optim.lr_scheduler.StepLR", "_partial_": True, "step_size": 1})
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    assert "_place" not in build(node)(optimizer).state_dict()


def outer(*, part, size: int) -> Own:
    if size > 5:
        raise UserError("no part of it is that large")
    return part(size=size)


def test_a_part_that_waits_tells_its_own_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", type("Module", (), {"Net": Own, "outer": outer}))
    part = {"_target_": "mine.Net", "_partial_": True}
    config = OmegaConf.create({"model": {"_target_": "mine.outer", "_partial_": True, "part": part}})
    waits = build(config, ["mine.Net", "mine.outer"])["model"]
    assert waits(size=2).size == 2
    with pytest.raises(UserError, match="^model.part: size is 0"):
        waits(size=0)
    with pytest.raises(UserError, match="^model: no part of it is that large"):
        waits(size=6)


def test_arguments_that_a_component_does_not_take_are_told():
    config = OmegaConf.create({"split": {"_target_": SPLIT, "k": 1, "n": 2}})
    with pytest.raises(UserError, match="^split got an unexpected keyword argument 'n'; allowed are k$"):
        build(config)
    with pytest.raises(UserError, match="^split missing a required.*'k'; allowed are k$"):
        build(OmegaConf.create({"split": {"_target_": SPLIT}}))


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(UserError, match="^a._target_ is 'no.such.thing', which cannot be imported"):
        build(OmegaConf.create({"a": {"_target_": "no.such.thing"}}), ["no.such.thing"])


def test_what_waits_can_go_to_another_process():
    waits = build(OmegaConf.create({"_target_": SPLIT, "_partial_": True}))
    assert isinstance(pickle.loads(pickle.dumps(waits))(k=2), LeaveLastK)


def test_torch_parts_without_a_signature_are_built():
    assert isinstance(build(OmegaConf.create({"_target_": "torch.nn.Softmax", "dim": 1})), torch.nn.Softmax)


def test_a_component_of_a_group_is_switched_off_by_null():
    group = OmegaConf.create({"kept": {"_target_": "torch.nn.Tanh"}, "off": None})
    assert list(build_group(group)) == ["kept"]


def stands_on_what_is_not_there() -> None:
    import no_such_package  # noqa: F401


def test_a_package_that_a_component_needs_and_that_is_not_installed_is_named():
    target = f"{__name__}.stands_on_what_is_not_there"
    config = OmegaConf.create({"logger": {"mine": {"_target_": target}}})
    with pytest.raises(UserError, match="^logger.mine: needs no_such_package, which is not installed; install it"):
        build(config, [target])
    config.logger.mine._partial_ = True
    waits = build(config, [target])["logger"]["mine"]
    with pytest.raises(UserError, match="^logger.mine: needs no_such_package"):
        waits()


def test_a_package_that_the_module_of_a_component_needs_is_named(tmp_path, monkeypatch):
    (tmp_path / "mine_needs.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = OmegaConf.create({"a": {"_target_": "mine_needs.Net"}})
    with pytest.raises(UserError, match="^a: needs no_such_package, which is not installed"):
        build(config, ["mine_needs.Net"])
