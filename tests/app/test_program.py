import subprocess
import sys

import pytest

from seqmine.app.program import fail
from tests.programs import error_of, run


def test_an_error_is_one_line_and_status_one(capsys):
    with pytest.raises(SystemExit) as stopped:
        fail(ValueError("x is 1,\n  change x"))
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: x is 1, change x\n"


def test_debug_shows_the_traceback(tmp_path):
    done = run("evaluate", "run=nowhere", "debug=true", cwd=tmp_path, status=1)
    assert "UserError" in done.stderr


def test_a_missing_setting_is_named(tmp_path):
    assert "run" in error_of(run("evaluate", cwd=tmp_path, status=1))


def test_the_start_imports_nothing_heavy(tmp_path):
    code = (
        "import sys, seqmine.train; print([m for m in ('torch', 'lightning', 'polars', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
