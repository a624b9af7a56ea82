"""The rules of the house, checked on the source."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "seqmine").rglob("*.py"))
MODULES = [path for path in SOURCES if path.name not in ("__init__.py", "__main__.py")]
PROGRAMS = [path for path in MODULES if "@program(" in path.read_text()]
# who may know Hydra: what the programs share, and what builds components
HYDRA = {"app"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def functions(path: Path):
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def imported(path: Path) -> set[str]:
    """Return the modules of this project that a file imports, wherever in it."""
    froms = [node for node in nodes(path) if isinstance(node, ast.ImportFrom) and node.module]
    found = {node.module for node in froms} | {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
    return {module for module in found if module.startswith("seqmine.")}


@cache
def configured() -> set[str]:
    """Return the modules that conf/ names; its contract tests build every one of them."""
    targets = {
        hit
        for path in (ROOT / "conf").rglob("*.yaml")
        for hit in re.findall(r"_target_: (seqmine\S+)", path.read_text())
    }
    return {target.rpartition(".")[0] for target in targets}


@cache
def reached() -> set[str]:
    """Return the modules that tests import, directly or through other modules."""
    tests = (ROOT / "tests").rglob("test_*.py")
    todo = {module for test in tests for module in imported(test)} | configured()
    todo |= {module for program in PROGRAMS for module in imported(program)}
    done: set[str] = set()
    while todo:
        module = todo.pop()
        done.add(module)
        place = ROOT.joinpath(*module.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if path.is_file():
            todo |= imported(path) - done
    return done


@pytest.mark.parametrize("package", sorted({path.parent for path in MODULES} - {ROOT / "seqmine"}), ids=name)
def test_every_module_of_a_package_is_reached_by_tests(package):
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if path.parent == package}
    assert modules <= reached()


@pytest.mark.parametrize("path", PROGRAMS, ids=name)
def test_every_program_has_its_test(path):
    assert (ROOT / "tests" / f"test_{path.name}").is_file()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_files_and_functions_are_short(path):
    assert len(path.read_text().splitlines()) <= 300
    for function in functions(path):
        assert function.end_lineno - function.lineno <= 80, function.name
        if function.name == "__init__":
            assert len(function.args.args) + len(function.args.kwonlyargs) <= 12, function.lineno


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_app_knows_hydra(path):
    if path.relative_to(ROOT / "seqmine").parts[0] not in HYDRA:
        assert not re.search(r"^\s*(from|import) hydra", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_needs_pickle(path):
    for call in re.findall(r"torch\.load\((.*)\)", path.read_text()):
        assert "weights_only=True" in call


def test_the_root_has_programs_alone():
    assert {path for path in MODULES if path.parent == ROOT / "seqmine"} == set(PROGRAMS)


def test_no_dumping_grounds():
    assert not {path.name for path in SOURCES} & {"utils.py", "helpers.py", "common.py", "misc.py"}


@pytest.mark.parametrize("path", PROGRAMS, ids=name)
def test_a_program_is_a_list_of_nouns(path):
    tree = ast.parse(path.read_text())
    main = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert len(path.read_text().splitlines()) <= 60
    assert not any(isinstance(node, ast.If | ast.For | ast.While | ast.Try) for node in ast.walk(main))


@pytest.mark.parametrize("path", PROGRAMS, ids=name)
def test_a_program_imports_nothing_heavy_at_start(path):
    tree = ast.parse(path.read_text())
    imported = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    assert not [
        module for module in imported if module.split(".")[0] in {"torch", "lightning", "polars", "numpy", "numba"}
    ]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_source_file_has_its_mirrored_test(path):
    place = path.relative_to(ROOT / "seqmine")
    assert (ROOT / "tests" / place.parent / f"test_{place.name}").is_file()
