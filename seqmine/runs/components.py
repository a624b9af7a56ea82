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
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException

from seqmine.runs.arguments import arguments_of
from seqmine.runs.nodes import child_of, components_in, is_component, keys_of, path_of, setting_of
from seqmine.structs.bounds import PART, fits, words
from seqmine.structs.errors import UserError
from seqmine.structs.places import Place

_HERE = Path(__file__).resolve().parent.parent
# a wheel carries the folder inside the package, a checkout beside it
CONF_DIR = next(path for path in (_HERE / "conf", _HERE.parent / "conf") if (path / "train.yaml").is_file())

_OWN_KEYS = ("_target_", "_partial_")
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
    check(node, trusted)
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


def check(node: DictConfig | ListConfig, trusted: Collection[str] = ()) -> None:
    """Hold all components of a node against what they take, before any of them is built.

    Args:
        node: has a ``_target_``, or contains nodes that do.
        trusted: see ``build``.

    Raises:
        UserError: a ``_target_`` is not allowed or not found, an argument is unknown or no value of its parameter; the
            message names the value, what is allowed, and the setting.
    """
    _check_targets(node, frozenset(trusted))
    _check_values(node)


def _check_targets(node: DictConfig | ListConfig, trusted: frozenset[str]) -> None:
    if is_component(node):
        target = str(child_of(node, "_target_")._value())
        if target not in trusted and not is_allowed(target):
            raise UserError(
                f"{setting_of(node, '_target_')} is {target!r}, allowed are what conf/ names, classes of "
                f"{', '.join(_KINDS)} and what installed packages declare; add trusted=[{target}] to the command line "
                "if you trust it"
            )
    for key in keys_of(node):
        child = _known(node, key)
        if isinstance(child, DictConfig | ListConfig):
            _check_targets(child, trusted)


def _check_values(node: DictConfig | ListConfig) -> None:
    takes: Mapping[str, Any] = {}
    if is_component(node):
        assert isinstance(node, DictConfig)
        function = _locate(str(child_of(node, "_target_")._value()), setting_of(node, "_target_"))
        takes = arguments_of(function).kinds
        _check_names(function, [key for key in keys_of(node) if key not in _OWN_KEYS], path_of(node))
    for key in keys_of(node):
        child = _known(node, key)
        if key in takes and not fits(value := _value(child), takes[key]):
            raise refusal(setting_of(node, key), value, takes[key])
        if isinstance(child, DictConfig | ListConfig):
            _check_values(child)


def refusal(setting: str, value: Any, kind: Any) -> UserError:
    """Make the error for a value that a setting can not have.

    >>> str(refusal("seed", "x", int))
    "seed is 'x', allowed are whole numbers; change seed"
    """
    shown = "null" if value is None else repr(value)
    group = CONF_DIR.joinpath(*setting.split("."))
    if group.is_dir():
        choices = ", ".join(sorted(path.stem for path in group.glob("*.yaml")))
        return UserError(f"{setting} is {shown}, allowed are {choices}; write {setting.replace('.', '/')}=<choice>")
    return UserError(f"{setting} is {shown}, allowed are {words(kind)}; change {setting}")


def _known(node: DictConfig | ListConfig, key: Any) -> Node | None:
    """Return what stands below a key; None for what is known in a run alone, such as its folder.

    Raises:
        UserError: a reference to a group that is switched off.
    """
    try:
        return child_of(node, key)
    except InterpolationKeyError:
        reference = str(node._get_node(key)._value()).strip("${}")  # type: ignore[union-attr]
        if CONF_DIR.joinpath(*reference.split(".")).is_dir():
            raise refusal(reference, None, Any) from None
        return None
    except OmegaConfBaseException:
        return None


def _value(node: Node | None) -> Any:
    """Return the value of a node in plain Python, with ``PART`` in the place of what is known when it is built."""
    if node is None or is_component(node):
        return PART
    if isinstance(node, DictConfig | ListConfig) and not node._is_none():
        values = {key: _value(_known(node, key)) for key in keys_of(node)}
        return values if isinstance(node, DictConfig) else list(values.values())
    return node._value()


def _make(node: Node, settings: Mapping[str, Mapping[str, str]]) -> Any:
    """Return the value of a node whose targets were checked.

    Args:
        node: of the configuration.
        settings: as of a ``Place``.
    """
    if isinstance(node, ListConfig):
        return [_make(child_of(node, key), settings) for key in keys_of(node)]
    if not isinstance(node, DictConfig) or node._is_none():
        return node._value()
    values = {key: _make(child_of(node, key), settings) for key in keys_of(node) if key not in _OWN_KEYS}
    if "_target_" not in node:
        return values
    place = Place(path_of(node), settings, is_built=False)
    function = _locate(str(child_of(node, "_target_")._value()), setting_of(node, "_target_"))
    waits = "_partial_" in node and bool(child_of(node, "_partial_")._value())
    component = _Component(function, values, place)
    if waits:
        return component
    _check_complete(function, values, place)
    return component()


@dataclass(frozen=True)
class _Component:
    """A function with some of its arguments, which tells what it makes where that stands in the configuration."""

    function: Callable[..., Any]
    values: dict[str, Any]
    _place: Place = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            made = self.function(*args, **{**self.values, **kwargs})
        except ModuleNotFoundError as error:
            raise UserError(absent(error)) from error
        # the state of a scheduler is all of its attributes, and a place is no part of a checkpoint
        if isinstance(getattr(made, "__dict__", None), dict) and not any(
            kind.__name__ == "LRScheduler" for kind in type(made).__mro__
        ):
            vars(made).setdefault("_place", replace(self._place, is_built=True))
        return made


def _check_names(function: Callable[..., Any], names: Collection[str], path: str) -> None:
    """Refuse arguments that a component does not take."""
    takes = arguments_of(function)
    unknown = next((name for name in names if name not in takes.kinds), None)
    if unknown is not None and not takes.is_open:
        raise UserError(
            f"{path or function.__name__} got an unexpected keyword argument {unknown!r}; allowed are "
            f"{', '.join(takes.kinds)}"
        )


def _check_complete(function: Callable[..., Any], values: dict[str, Any], place: Place) -> None:
    """Refuse a component that is built without what it needs."""
    try:
        inspect.signature(function).bind(**values)
    except ValueError:  # of some functions of torch nothing is known
        return
    except TypeError as error:
        known = ", ".join(inspect.signature(function).parameters)
        raise UserError(f"{place.path or function.__name__} {error}; allowed are {known}") from error


def _locate(target: str, setting: str) -> Callable[..., Any]:
    module, _, name = target.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and not target.startswith(error.name):
            raise UserError(f"{setting.rpartition('.')[0]}: {absent(error)}") from error
        raise UserError(f"{setting} is {target!r}, which cannot be imported ({error})") from error


def absent(error: ModuleNotFoundError) -> str:
    """Return what to do about a package that is not there."""
    need = f"needs {error.name}, which is not installed" if error.name else str(error).rstrip(".")
    return f"{need}; install it, or choose a component that does without"


class _Settings(Mapping[str, Mapping[str, str]]):
    """For the path of every component of a configuration the setting behind each of its parameters.

    It is looked up when a mistake is first told, since most runs have none to tell.
    """

    def __init__(self, root: Node) -> None:
        self._root = root

    @cached_property
    def _found(self) -> dict[str, dict[str, str]]:
        parts = components_in(self._root)
        return {path_of(node): {key: setting_of(node, key) for key in keys_of(node)} for node in parts}

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
