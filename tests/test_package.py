import ast
import subprocess
import sys
from pathlib import Path

import pytest

import seqmine

ROOT = Path(__file__).resolve().parent.parent


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def test_the_import_brings_nothing_heavy():
    heavy = "{'torch', 'lightning', 'polars', 'numpy', 'hydra', 'omegaconf', 'numba'}"
    assert python(f"import sys, seqmine; print({heavy} & set(sys.modules))") == "set()"


def test_a_function_stays_a_function_when_the_program_of_its_name_is_imported():
    code = (
        "import seqmine, seqmine.train, sys; from seqmine.train import main; from seqmine import train; "
        "print(train is seqmine.train, type(seqmine.train).__name__, main.__module__, "
        "type(sys.modules['seqmine.train']).__name__)"
    )
    assert python(code) == "True function seqmine.app.program module"


def test_what_is_public_is_named_documented_and_known_to_editors():
    names = [name for name in dir(seqmine) if not name.startswith("_")]
    assert {"prepare", "train", "load", "evaluate"} <= set(names)
    for name in names:
        assert getattr(seqmine, name).__doc__, name
    stub = ast.parse((ROOT / "seqmine" / "__init__.pyi").read_text())
    spelled = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert spelled == set(names) == set(seqmine.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'seqmine' has no attribute 'trane'"):
        seqmine.trane  # noqa: B018


def test_windows_is_refused_in_a_sentence():
    code = "import sys; sys.platform = 'win32'\ntry: import seqmine\nexcept ImportError as error: print(error)"
    assert python(code) == "seqmine runs on Linux and macOS; on Windows use the Windows Subsystem for Linux (WSL)"
