"""Components out of configuration nodes: where the shipped configuration lies, what may be built, and the building."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from seqmine.structs.errors import UserError

_HERE = Path(__file__).resolve().parent.parent
# a wheel carries the folder inside the package, a checkout beside it
CONF_DIR = next(path for path in (_HERE / "conf", _HERE.parent / "conf") if (path / "train.yaml").is_file())

# Components from other packages, name by name: a prefix would let in functions that read or write files.
TRUSTED_TARGETS = frozenset(
    {
        "torch.optim.AdamW",
        "torch.optim.Adam",
        "torch.optim.SGD",
        "torch.nn.GELU",
        "torch.nn.ReLU",
        "torch.nn.SiLU",
        "torch.nn.LayerNorm",
        "torch.nn.RMSNorm",
        "lightning.pytorch.callbacks.EarlyStopping",
        "lightning.pytorch.callbacks.LearningRateMonitor",
        "lightning.pytorch.callbacks.ModelCheckpoint",
        "lightning.pytorch.callbacks.RichProgressBar",
        "lightning.pytorch.loggers.CSVLogger",
        "lightning.pytorch.loggers.TensorBoardLogger",
    }
)


def build(node: DictConfig | ListConfig, trusted: Sequence[str]) -> Any:
    """Build the component that a configuration node names, from plain Python values.

    Args:
        node: has a ``_target_``; nested components are built first, ``_partial_`` ones wait for more arguments.
        trusted: packages whose classes may be named beside those of seqmine.

    Raises:
        UserError: when a ``_target_`` is not allowed.
    """
    from hydra.utils import instantiate

    for target in _targets(OmegaConf.to_container(node, resolve=True)):
        if not is_trusted(target, trusted):
            raise UserError(
                f"_target_ {target!r} is not allowed; name a class of seqmine, or add its package to trusted"
            )
    return instantiate(node, _convert_="all")


def is_trusted(target: str, trusted: Sequence[str]) -> bool:
    """Tell whether a configuration may build ``target``.

    >>> is_trusted("seqmine.data.splits.LeaveOneOut", []), is_trusted("os.system", []), is_trusted("mine.Net", ["mine"])
    (True, False, True)
    """
    packages = ("seqmine", *trusted)
    return target in TRUSTED_TARGETS or any(target.startswith(f"{package}.") for package in packages)


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from _targets(value)
