"""Compiled kernels: machine code is kept beside the sources, and made anew when anything that went into it changes.

Numba looks at the date of the kernel's own file alone. It puts the code of called kernels and the values of constants
into the caller, so after a change in another file it would go on with what that file said before, in silence.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any, cast

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import CPUDispatcher

_CONSTANTS = (bool, int, float, str, bytes, tuple)


@cache
def _text_hash(path: str) -> str:
    """Return a hash of a file's content: a date would differ in every copy of the sources."""
    return sha256(Path(path).read_bytes()).hexdigest()


def _described(value: object) -> str:
    """Return what a kernel would take over from a name of its module; nothing where it cannot compile it in."""
    if isinstance(value, CPUDispatcher):
        return source_stamp(value.py_func)
    if isinstance(value, type) and hasattr(value, "_fields"):
        return f"{value.__qualname__}{value._fields}"
    return repr(value) if isinstance(value, _CONSTANTS) else ""


@cache
def source_stamp(function: FunctionType) -> str:
    """Return a hash of a kernel's file and of all that it can take from others: kernels, constants, named tuples.

    Names that the file itself defines are covered by its text, so it does not matter which of them exist already.
    """
    own = function.__code__.co_filename
    parts = [_text_hash(own)]
    for name, value in sorted(function.__globals__.items()):
        is_own = isinstance(value, CPUDispatcher) and value.py_func.__code__.co_filename == own
        if not name.startswith("__") and not is_own and (described := _described(value)):
            parts.append(f"{name}={described}")
    return sha256("\n".join(parts).encode()).hexdigest()


class _KernelCache(FunctionCache):
    """Numba's cache of one function, valid as long as the stamp of its sources is the same."""

    def __init__(self, function: FunctionType) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(self.cache_path, self._impl.filename_base, source_stamp(function))


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function to machine code at its first call, without the GIL, and keep the code for later processes."""
    compiled = njit(nogil=True)(function)
    compiled._cache = _KernelCache(cast(FunctionType, function))
    return compiled
