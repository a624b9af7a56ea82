"""Shapes of every annotated function are checked in each test run; fixtures of small data."""

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from jaxtyping import install_import_hook

# polars has types that beartype cannot check, so the modules that speak to it are left out; so is structs.constraints,
# which tells a user of values of another type in a sentence
CHECKED = [f"seqmine.structs.{name}" for name in ("attributes", "batch", "catalog", "log", "patterns", "protocols")]
install_import_hook([*CHECKED, "seqmine.models", "seqmine.metrics", "seqmine.data.truth"], "beartype.beartype")

from seqmine.app.composing import register_resolvers  # noqa: E402 - after the hook

# what configurations refer to, which a program knows and a test that composes one has to
register_resolvers()

HAS_HUGGING_FACE = importlib.util.find_spec("transformers") is not None

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the networks of Hugging Face among the components that are tested one by one where they are not installed."""
    absent = pytest.mark.skip(reason="the extra hf is not installed")
    for item in [] if HAS_HUGGING_FACE else items:
        if any(word.startswith("hf") for word in item.name.partition("[")[2].rstrip("]").split("-")):
            item.add_marker(absent)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data are not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def small_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text log of 200 users and about 30 items that a model can learn: item i is followed by i + 1."""
    random = np.random.default_rng(0)
    lines = []
    for user in range(200):
        start, length = random.integers(1, 31), random.integers(4, 12)
        items = [(start + step - 1) % 30 + 1 for step in range(length)]
        lines.append(" ".join([f"u{user}", *(f"i{item}" for item in items)]))
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def events() -> pl.DataFrame:
    """Five events of two users, out of order in time."""
    return pl.DataFrame(
        {
            "user_id": ["a", "b", "a", "a", "b"],
            "item_id": ["x", "x", "y", "z", "y"],
            "timestamp": [30, 5, 10, 10, 6],
            "behavior": ["view", "buy", "view", "buy", "view"],
        }
    )
