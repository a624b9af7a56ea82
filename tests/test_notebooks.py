"""Every notebook runs from top to bottom anywhere, says little, and is kept without what it said."""

import html
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_LINES = 30
# all of them take minutes: SEQMINE_NOTEBOOKS=all python -m pytest tests/test_notebooks.py
EXECUTED = NOTEBOOKS if os.environ.get("SEQMINE_NOTEBOOKS") == "all" else NOTEBOOKS[:2]


def text_of(output) -> str:
    """Return what a person reads of an output: a page where it has one, else plain text."""
    if output.output_type == "stream":
        return output.text
    page = output.data.get("text/html", "")
    if not page or 'class="dataframe"' in page:  # a table is shown with as many lines as plain text
        return "" if "image/png" in output.data else output.data["text/plain"]
    return html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", "", page, flags=re.DOTALL)).strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", EXECUTED, ids=lambda path: path.stem)
def test_a_notebook_runs_anywhere_and_says_little(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    for cell in notebook.cells:
        said = [text_of(output) for output in cell.get("outputs", [])]
        assert len(said) <= 1, cell.source
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", [])), said
        for text in said:
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text), text
            assert len(text.splitlines()) < MOST_LINES, text
    assert {path.name for path in tmp_path.iterdir()} <= {"outputs"}
