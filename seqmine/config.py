"""Where Hydra's configuration meets the programs: its folder, its checks, and the building of components."""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from seqmine.errors import UserError

_HERE = Path(__file__).resolve().parent
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
_SECRET = re.compile(r"(^|_)(key|token|secret|password)($|_)", re.IGNORECASE)
_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


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


def plain(config: DictConfig) -> dict[str, Any]:
    """Return the configuration as a resolved dictionary whose secrets are blanked."""
    return _redact(OmegaConf.to_container(config, resolve=True))


def check_types(config: DictConfig, defaults: DictConfig) -> None:
    """Refuse values whose type differs from that of the default.

    Raises:
        UserError: names the value, what is allowed, and the setting.
    """
    of_hydra = {name for name, node in nodes(defaults) if "${hydra:" in str(node._value())}  # known only inside a run
    for key, value in _leaves(config):
        if key in of_hydra:
            continue
        default = OmegaConf.select(defaults, key)
        if isinstance(default, DictConfig):
            raise UserError(f"{key} is {value!r}, but {key} is a group; write {key.replace('.', '/')}={value}")
        if value is None or type(default) not in _KINDS or _same_kind(value, default):
            continue
        raise UserError(f"{key} is {value!r}, allowed is {_KINDS[type(default)]}; change {key}")


def check_complete(config: DictConfig) -> None:
    """Refuse a configuration in which a setting without default is not set.

    Raises:
        UserError: names the setting.
    """
    missing = sorted(name for name, node in nodes(config) if node._is_missing())
    if missing:
        raise UserError(f"{missing[0]} is not set and has no default; write {missing[0]}=<value>")


def unknown_key(key: str, config: DictConfig) -> UserError:
    """Make the error for a setting that does not exist, with the nearest ones that do."""
    known = [name for name, _ in nodes(config)]
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "see the choices with --help"
    return UserError(f"{key} is no setting; {hint}")


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    return isinstance(value, int | float) if isinstance(default, float) else isinstance(value, type(default))


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from _targets(value)


def _redact(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: "***" if _SECRET.search(str(key)) and node[key] else _redact(node[key]) for key in node}
    if isinstance(node, list):
        return [_redact(value) for value in node]
    return node


def nodes(config: DictConfig, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every node below ``config`` with its full name, without following references."""
    for key in map(str, config):
        name = f"{prefix}{key}"
        node = config._get_node(key)
        yield name, node
        if (
            isinstance(node, DictConfig)
            and not node._is_none()
            and not node._is_interpolation()
            and not node._is_missing()
        ):
            yield from nodes(node, f"{name}.")


def _leaves(config: DictConfig) -> Iterator[tuple[str, Any]]:
    for name, node in nodes(config):
        if not isinstance(node, DictConfig | ListConfig) and not node._is_interpolation() and not node._is_missing():
            yield name, node._value()
