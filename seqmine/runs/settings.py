"""The settings of a run: every node by its name, and the whole as plain values without secrets."""

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqmine.structs.credentials import without_credentials

# a key opens something, or names a column such as that of the items: only the first is a secret
_SECRET = re.compile(
    r"(^|_)(token|secret|password)($|_)|^key$|(^|_)(api|access|account|auth|private|signing)_?key($|_)", re.IGNORECASE
)


def plain(config: DictConfig, resolve: bool = True) -> dict[str, Any]:
    """Return the configuration as a dictionary whose secrets are blanked, credentials inside addresses among them.

    Args:
        config: what is returned.
        resolve: put values in the place of references.
    """
    return _redact(OmegaConf.to_container(config, resolve=resolve))


def without_secret(override: str) -> str:
    """Return a setting as it was typed, its value blanked where it is a secret.

    >>> without_secret("logger.wandb.api_key=abc"), without_secret("seed=1")
    ('logger.wandb.api_key=***', 'seed=1')
    """
    key, mark, value = override.partition("=")
    return f"{key}=***" if mark and _is_secret(key.rpartition(".")[2], value) else without_credentials(override)


def _redact(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: "***" if _is_secret(str(key), node[key]) else _redact(node[key]) for key in node}
    if isinstance(node, list):
        return [_redact(value) for value in node]
    return without_credentials(node) if isinstance(node, str) else node


def _is_secret(key: str, value: Any) -> bool:
    """Tell whether a value is to be blanked; a reference to another setting, which is blanked itself, tells nothing."""
    refers = isinstance(value, str) and value.startswith("${") and ":" not in value
    return bool(_SECRET.search(key) and value) and not refers


def command_line(program: str, overrides: Iterable[str]) -> str:
    """Return what a user types to run a program again, for a shell; secrets are blanked.

    >>> command_line("train", ["seed=1", "data.path=my log.csv", "data.connection.password=x"])
    "python -m seqmine.train seed=1 'data.path=my log.csv' data.connection.password=***"
    """
    words = [f"python -m seqmine.{program}"]
    for override in overrides:
        told = without_secret(override)
        words.append(shlex.quote(told) if told == override else told)
    return " ".join(words)


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


def freeze_references(config: DictConfig, resolved: DictConfig) -> None:
    """Make values of what refers to the environment or to Hydra; references between settings stay alive.

    Args:
        config: changed in place.
        resolved: where the values are found under the same names; ``config`` itself while Hydra runs.
    """
    for name, node in list(nodes(config)):
        if node._is_interpolation() and ":" in str(node._value()):
            OmegaConf.update(config, name, OmegaConf.select(resolved, name))
