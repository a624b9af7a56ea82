"""Nodes of a configuration: what stands below them, and what settings of a user they come from."""

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, Node
from omegaconf.errors import OmegaConfBaseException


def path_of(node: Node) -> str:
    """Return the full name of a node."""
    return str(node._get_full_key(None))


def components_in(node: Node | None) -> Iterator[DictConfig]:
    """Yield the components that stand in a node themselves, not by a reference."""
    if not isinstance(node, DictConfig | ListConfig):
        return
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return
    if is_component(node):
        assert isinstance(node, DictConfig)
        yield node
    for key in keys_of(node):
        yield from components_in(node._get_node(key))  # type: ignore[arg-type]


def is_component(node: Any) -> bool:
    """Tell whether a node names a component."""
    return isinstance(node, DictConfig) and not node._is_none() and "_target_" in node


def keys_of(node: DictConfig | ListConfig) -> list[Any]:
    """Return the keys or the places of a node."""
    if node._is_none():
        return []
    return list(range(len(node))) if isinstance(node, ListConfig) else [key for key in node if isinstance(key, str)]


def child_of(node: DictConfig | ListConfig, key: Any) -> Node:
    """Return the node below ``key``; where that refers to another setting, the node of this."""
    child = node._get_node(key, throw_on_missing_value=True)
    assert isinstance(child, Node)
    if not child._is_interpolation():
        return child
    found = child._dereference_node()
    assert found is not None
    return found


def setting_of(node: DictConfig | ListConfig, key: Any) -> str:
    """Return the full name of the setting behind a key, as a user writes it."""
    try:
        found = child_of(node, key)._get_full_key(None)
    except OmegaConfBaseException:
        found = None
    return str(found or node._get_full_key(key))
