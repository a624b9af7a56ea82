"""Components out of configuration nodes: where the shipped configuration lies, what may be built, and the building."""

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, Node
from omegaconf.errors import OmegaConfBaseException

from seqmine.structs.errors import UserError
from seqmine.structs.places import Place

_HERE = Path(__file__).resolve().parent.parent
# a wheel carries the folder inside the package, a checkout beside it
CONF_DIR = next(path for path in (_HERE / "conf", _HERE.parent / "conf") if (path / "train.yaml").is_file())

# Modules of which every class of one kind may be built: none of these does anything but hold what it is given.
_KINDS = {
    "torch.nn": "Module",
    "torch.optim": "Optimizer",
    "torch.optim.lr_scheduler": "LRScheduler",
    "lightning.pytorch.callbacks": "Callback",
}


def build(node: DictConfig | ListConfig, trusted: Collection[str] = ()) -> Any:
    """Build the component that a configuration node names, its parts first, from plain Python values.

    A node with ``_partial_`` becomes a function that waits for more arguments. Nothing is imported by the name of a
    target before the whole node is found to name allowed ones alone.

    Args:
        node: has a ``_target_``, or contains nodes that do.
        trusted: full dotted names that may be built beside those of ``is_allowed``: those of the command line, never
            those that a run folder asks for itself.

    Raises:
        UserError: a ``_target_`` is not allowed or not found, or a component refuses its arguments; the message begins
            with the setting.
    """
    _check_targets(node, frozenset(trusted))
    return _make(node, _Settings(node._get_root()))


def build_group(node: DictConfig, trusted: Collection[str] = ()) -> dict[str, Any]:
    """Build components by name; one that is set to null is switched off.

    Args:
        node: components, or null, by their names.
        trusted: see ``build``.

    Raises:
        UserError: see ``build``.
    """
    return {name: part for name, part in build(node, trusted).items() if part is not None}


def is_allowed(target: str) -> bool:
    """Tell whether any configuration, also that of a run folder from elsewhere, may build ``target``.

    >>> is_allowed("seqmine.data.splits.LeaveOneOut"), is_allowed("torch.nn.Tanh"), is_allowed("torch.nn.Module.apply")
    (True, True, False)
    >>> is_allowed("seqmine.structs.files.write_json"), is_allowed("shutil.copyfile")
    (False, False)
    """
    if target in shipped_targets() or target in _declared_targets():
        return True
    module, _, name = target.rpartition(".")
    if module not in _KINDS:
        return False
    found = getattr(import_module(module), name, None)
    return isinstance(found, type) and issubclass(found, getattr(import_module(module), _KINDS[module]))


@cache
def shipped_targets() -> frozenset[str]:
    """Return the classes and functions that the files of the shipped configuration name."""
    names = re.compile(r"^[^#\n]*\b_target_:\s*([\w.]+)", re.MULTILINE)
    return frozenset(name for path in CONF_DIR.rglob("*.yaml") for name in names.findall(path.read_text()))


@cache
def _declared_targets() -> frozenset[str]:
    """Return the components that installed packages declare: their entry points of the group ``seqmine``."""
    return frozenset(point.value.replace(":", ".") for point in entry_points(group="seqmine"))


def _check_targets(node: DictConfig | ListConfig, trusted: frozenset[str]) -> None:
    if isinstance(node, DictConfig) and "_target_" in node:
        target = str(_child(node, "_target_")._value())
        if target not in trusted and not is_allowed(target):
            raise UserError(
                f"{_setting(node, '_target_')} is {target!r}, allowed are what conf/ names, classes of "
                f"{', '.join(_KINDS)} and what installed packages declare; add trusted=[{target}] to the command line "
                "if you trust it"
            )
    for key in _keys(node):
        child = _child(node, key)
        if isinstance(child, DictConfig | ListConfig):
            _check_targets(child, trusted)


def _make(node: Node, settings: Mapping[str, Mapping[str, str]]) -> Any:
    """Return the value of a node whose targets were checked.

    Args:
        node: of the configuration.
        settings: as of a ``Place``.
    """
    if isinstance(node, ListConfig):
        return [_make(_child(node, key), settings) for key in _keys(node)]
    if not isinstance(node, DictConfig) or node._is_none():
        return node._value()
    values = {key: _make(_child(node, key), settings) for key in _keys(node) if key not in ("_target_", "_partial_")}
    if "_target_" not in node:
        return values
    place = Place(_path(node), settings, is_built=False)
    function = _locate(str(_child(node, "_target_")._value()), _setting(node, "_target_"))
    waits = "_partial_" in node and bool(_child(node, "_partial_")._value())
    _check_arguments(function, values, waits, place)
    component = _Component(function, values, place)
    return component if waits else component()


@dataclass(frozen=True)
class _Component:
    """A function with some of its arguments, which tells what it makes where that stands in the configuration."""

    function: Callable[..., Any]
    values: dict[str, Any]
    _place: Place = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = self.function(*args, **{**self.values, **kwargs})
        # the state of a scheduler is all of its attributes, and a place is no part of a checkpoint
        if isinstance(getattr(made, "__dict__", None), dict) and not any(
            kind.__name__ == "LRScheduler" for kind in type(made).__mro__
        ):
            vars(made).setdefault("_place", replace(self._place, is_built=True))
        return made


def _check_arguments(function: Callable[..., Any], values: dict[str, Any], waits: bool, place: Place) -> None:
    """Refuse arguments that a component does not take, and missing ones if it does not wait for more."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of some functions of torch nothing is known
        return
    try:
        (signature.bind_partial if waits else signature.bind)(**values)
    except TypeError as error:
        known = ", ".join(signature.parameters)
        raise UserError(f"{place.path or function.__name__} {error}; allowed are {known}") from error


def _locate(target: str, setting: str) -> Callable[..., Any]:
    module, _, name = target.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{setting} is {target!r}, which cannot be imported ({error})") from error


class _Settings(Mapping[str, Mapping[str, str]]):
    """For the path of every component of a configuration the setting behind each of its parameters.

    It is looked up when a mistake is first told, since most runs have none to tell.
    """

    def __init__(self, root: Node) -> None:
        self._root = root

    @cached_property
    def _found(self) -> dict[str, dict[str, str]]:
        components = (node for node in _nodes(self._root) if isinstance(node, DictConfig) and "_target_" in node)
        return {_path(node): {key: _setting_or_own(node, key) for key in _keys(node)} for node in components}

    def __getitem__(self, path: str) -> Mapping[str, str]:
        return self._found[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __deepcopy__(self, memo: object) -> "_Settings":
        return self

    def __reduce__(self) -> tuple[type, tuple[dict[str, dict[str, str]]]]:
        return dict, (self._found,)


def _path(node: Node) -> str:
    return str(node._get_full_key(None))


def _nodes(node: Node | None) -> Iterator[DictConfig | ListConfig]:
    """Yield a node and all below it that stand there themselves, not by a reference."""
    if not isinstance(node, DictConfig | ListConfig):
        return
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return
    yield node
    for key in _keys(node):
        yield from _nodes(node._get_node(key))  # type: ignore[arg-type]


def _setting_or_own(node: DictConfig, key: str) -> str:
    """Return the setting behind a parameter; where its reference leads nowhere yet, that of the parameter itself."""
    try:
        return _setting(node, key)
    except OmegaConfBaseException:
        return str(node._get_full_key(key))


def _keys(node: DictConfig | ListConfig) -> list[Any]:
    if node._is_none():
        return []
    return list(range(len(node))) if isinstance(node, ListConfig) else [key for key in node if isinstance(key, str)]


def _child(node: DictConfig | ListConfig, key: Any) -> Node:
    """Return the node below ``key``; where that refers to another setting, the node of this."""
    child = node._get_node(key, throw_on_missing_value=True)
    assert isinstance(child, Node)
    if not child._is_interpolation():
        return child
    found = child._dereference_node()
    assert found is not None
    return found


def _setting(node: DictConfig, key: str) -> str:
    """Return the full name of the setting that gives a parameter its value, as a user writes it."""
    found = _child(node, key)._get_full_key(None)
    return str(found or node._get_full_key(key))
