"""Test the layout of scripts/: the order of packages, circular imports, short functions, docstrings."""
import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

import pytest

from tests.project import ROOT

# Each room imports from those before it, and from itself.
ROOMS = (
    *("base", "corpora", "encoders", "ner", "evaluation", "annotation"),
    *("results", "experiments", "reporting", "shipping", "benchmarks"),
)
LONGEST_FUNCTION = 50
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# The first words of module docstrings, all imperatives. Add another verb here, but no noun and no "Tests".
VERBS = set(
    """
    Add Analyze Audit Build Calibrate Check Choose Classify Collect Compare Compute Convert Count Create Decide Decode
    Define Delete Describe Detect Do Download Draw Encode End Estimate Execute Explain Extrapolate Fill Find Forecast
    Format Generate Get Install Interpret Join Keep Lay List Load Lock Log Make Map Measure Name Open Plan Plot Predict
    Prepare Print Provide Put Rank Read Recognize Recompute Record Register Remember Render Repeat Round Run Save Score
    Search Select Serve Set Show Split Summarize Test Time Train Transfer Warn Write
    """.split()
)


class Import(NamedTuple):
    """One import of a module of the project."""

    importer: str
    imported: str
    line: int
    in_function: bool


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


TREES = {path: ast.parse(path.read_text("utf8")) for path in sorted((ROOT / "scripts").rglob("*.py"))}
MODULES = {module_name(path): path for path in TREES}


def project_imports(path: Path) -> Iterator[Import]:
    """YIELDS (Import): What a file imports of the project, wherever it does."""
    module = module_name(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    pending: list[tuple[ast.AST, bool]] = [(TREES[path], False)]
    while pending:
        node, in_function = pending.pop()
        for name in imported_names(node, package):
            if name.split(".")[0] in ("scripts", "tests"):
                yield Import(module, name, node.lineno, in_function)
        inside = in_function or isinstance(node, FUNCTIONS)
        pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def imported_names(node: ast.AST, package: str) -> list[str]:
    """RETURNS (list[str]): The modules that a statement imports; `from scripts.base import files` that of files."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
    source = ".".join([*above, *([node.module] if node.module else [])])
    names = (f"{source}.{alias.name}" for alias in node.names)
    return [name if name in MODULES else source for name in names]


IMPORTS = [found for path in TREES for found in project_imports(path)]


def room_of(module: str) -> Optional[str]:
    """RETURNS (Optional[str]): The room of a module; None for a command, at the top of scripts/, and for a test."""
    top, *names = module.split(".")
    return names[0] if top == "scripts" and names and (ROOT / top / names[0]).is_dir() else None


def test_every_room_has_its_place_in_the_order():
    assert sorted(path.parent.name for path in (ROOT / "scripts").glob("*/__init__.py")) == sorted(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_those_before_it(room):
    allowed = ROOMS[: ROOMS.index(room) + 1]
    own = [found for found in IMPORTS if room_of(found.importer) == room]
    assert own or room == "base"
    wrong = [
        f"{found.importer} (line {found.line}) imports {found.imported}"
        for found in own
        if room_of(found.imported) not in allowed
    ]
    assert not wrong, f"{room} may import from {', '.join(allowed)} only"


def test_no_command_and_no_room_imports_tests():
    assert not [f"{found.importer} (line {found.line})" for found in IMPORTS if found.imported.startswith("tests")]


def test_no_modules_import_each_other_in_a_circle():
    graph = defaultdict(set)
    for found in IMPORTS:
        if not found.in_function:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("folder", ["scripts", "tests"])
def test_no_function_is_longer_than_a_screen(folder):
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({length} lines)"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, FUNCTIONS) and (length := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not too_long


@pytest.mark.parametrize("folder", ["scripts", "tests"])
def test_every_module_docstring_starts_with_an_imperative(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    docstrings = {path: ast.get_docstring(ast.parse(path.read_text("utf8"))) for path in paths}
    first_words = {path: docstring.split()[0].rstrip(",:") for path, docstring in docstrings.items() if docstring}
    assert {str(path): word for path, word in first_words.items() if word not in VERBS} == {}


def test_every_module_says_what_it_does_and_not_what_goes_in_and_comes_out():
    docstrings = {module: ast.get_docstring(TREES[path]) for module, path in MODULES.items()}
    assert not [module for module, docstring in docstrings.items() if not docstring]
    in_and_out = re.compile(r"\bin[,;].*\bout[.,:;]")
    assert not [module for module, docstring in docstrings.items() if in_and_out.search(docstring.splitlines()[0])]
