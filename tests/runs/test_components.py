import pytest
from omegaconf import OmegaConf

from seqmine.runs.components import build, is_trusted
from seqmine.structs import UserError


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.load",
        "builtins.open",
        "lightning.fabric.utilities.cloud_io._load",
        "seqminex.Evil",
        "shutil.copy",
    ],
)
def test_dangerous_targets_are_refused_wherever_they_stand(target):
    node = OmegaConf.create({"_target_": "seqmine.data.splits.LeaveLastK", "k": {"_target_": target}})
    with pytest.raises(UserError, match="is not allowed; name a class of seqmine, or add its package to trusted"):
        build(node, [])


def test_a_trusted_package_is_allowed():
    assert is_trusted("mine.models.Net", ["mine"])
    assert not is_trusted("mineral.Net", ["mine"])


def test_build_makes_plain_values():
    split = build(OmegaConf.create({"_target_": "seqmine.data.splits.LeaveLastK", "k": 3}), [])
    assert split.k == 3
