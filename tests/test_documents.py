"""Test README and the pages in docs/ against the project: links, files, settings, and commands by a dry run."""
import ast
import importlib
import itertools
import re
import shlex
from pathlib import Path

import pytest
import srsly
import typer
from spacy.cli import app as spacy_app
from weasel.util.config import load_project_config, parse_config_overrides

from scripts.annotation.methods import METHODS, methods_for_any_pipeline
from scripts.base.settings import Settings
from scripts.corpora.formats import FORMATS
from scripts.corpora.settings import CorpusSettings
from scripts.experiments.settings import Experiment, read_experiment
from tests.project import ROOT, copy_project, read_project, weasel

PROJECT = read_project()
COMMANDS = {command["name"] for command in PROJECT["commands"]} | set(PROJECT["workflows"])
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
# Experiments and corpora that the pages invent.
INVENTED = {"mine", "my_notes", "NAME"}
LONGEST_README = 150
CORPORA_PAGE = ROOT / "docs" / "corpora.md"


def read(page):
    return page.read_text("utf8")


def blocks(page, language):
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


def shell_lines(page):
    """The commands of a page, without comments."""
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("weasel run ")]


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@PAGE
def test_every_link_leads_somewhere(page):
    # Weasel writes links from the project's folder, wherever its table is.
    text = read(page).split("<!-- WEASEL")[0]
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@PAGE
def test_every_command_and_variable_is_one_of_the_project(page):
    for words in shell_lines(page):
        assert words[words.index("run") + 1] in COMMANDS, words
        names = [word[len("--vars.") :] for word in words if word.startswith("--vars.")]
        assert set(names) <= set(PROJECT["vars"]), words


def resolve(words):
    """Resolve a line `weasel run NAME . --vars.NAME VALUE` as a dry run does.

    RETURNS (list[list[str]]): The words of each script that Weasel would start.
    """
    # Without a folder, Weasel would take the first override for it.
    assert words[3:4] in ([], ["."]), words
    project = load_project_config(ROOT, overrides=parse_config_overrides(words[4:], env_var=None))
    scripts = {command["name"]: command["script"] for command in project["commands"]}
    return [shlex.split(line) for step in project["workflows"].get(words[2], [words[2]]) for line in scripts[step]]


def check_options(command, options):
    """Parse the options of a Typer command without starting it; a wrong name or type is an error."""
    command.make_context(command.name, list(options))


@PAGE
def test_every_command_resolves(page):
    for words in shell_lines(page):
        for script in resolve(words):
            module, options = script[script.index("-m") + 1], script[script.index("-m") + 2 :]
            app = typer.Typer()
            app.command()(importlib.import_module(module).main)
            check_options(typer.main.get_command(app), options)
            name = options[options.index("--experiment") + 1] if "--experiment" in options else "sample"
            assert name in INVENTED or read_experiment(ROOT / "configs", name).corpora


@PAGE
def test_every_command_of_spacy_resolves(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    for words in (shlex.split(line, comments=True) for line in lines if line.startswith("python -m spacy ")):
        # spaCy checks that its files exist while it parses.
        for path in (Path(word) for word in words[3:] if re.fullmatch(r"[\w/]+\.(cfg|spacy|py)", word)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        command, options = typer.main.get_command(spacy_app), words[3:]
        while hasattr(command, "commands"):
            command, options = command.commands[options[0]], options[1:]
        check_options(command, options)


@PAGE
def test_every_experiment_that_is_named_is_there(page):
    for name in re.findall(r"--vars\.experiment (\w+)", read(page)):
        assert name in INVENTED or (ROOT / "configs" / "experiments" / f"{name}.yml").is_file(), name


@PAGE
def test_every_file_of_the_project_that_is_named_is_there(page):
    for name in re.findall(r"`((?:scripts|configs|assets/paper|assets/sample|tests|docs)/[\w./*-]+)`", read(page)):
        assert list(ROOT.glob(name.rstrip("/"))) or any(other in name for other in INVENTED), name


@PAGE
def test_every_make_target_is_there(page):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE)
    named = [name for block in blocks(page, "bash") for name in re.findall(r"^make ([\w-]+)", block, re.MULTILINE)]
    assert set(named) <= set(targets)


@PAGE
def test_settings_files_are_valid(page):
    for block in blocks(page, "yaml"):
        settings = srsly.yaml_loads(block)
        if "in_corpus" in settings:
            Experiment.model_validate(settings)
        elif "format" in settings:
            CorpusSettings.model_validate(settings)


@PAGE
def test_python_is_valid(page):
    for block in blocks(page, "python"):
        ast.parse(block)


def test_readme_is_short():
    assert len(read(ROOT / "README.md").splitlines()) <= LONGEST_README


def test_readme_names_every_page():
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\(([^)#\s]+)\)", read(ROOT / "README.md")))


def test_every_experiment_is_described():
    page = read(ROOT / "docs" / "experiments.md")
    assert all(f"`{path.stem}`" in page for path in (ROOT / "configs" / "experiments").glob("*.yml"))


def test_every_key_of_an_experiment_is_described():
    page = read(ROOT / "docs" / "experiments.md")
    assert all(f"`{key}`" in page for key in Experiment.model_fields)


def rows(page, first):
    """The rows of the table whose first heading is this, as lists of cells."""
    lines = read(page).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |")) + 2
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_every_format_is_described_with_its_options():
    described = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2])) for row in rows(CORPORA_PAGE, "`format`")}
    # Where a corpus's annotations are is not an option of a reader.
    assert {name: options - {"annotations"} for name, options in described.items()} == {
        name: set(module.OPTIONS) for name, module in FORMATS.items()
    }


def test_the_readme_counts_the_formats():
    numbers = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen")
    assert f"and {numbers[len(FORMATS) - 1 - 10]} others: docs/corpora.md" in read(ROOT / "README.md")


def test_every_method_of_selection_is_described():
    described = [row[0].strip("`") for row in rows(ROOT / "docs" / "annotation.md", "`--vars.method`")]
    assert described == list(METHODS)
    assert f"# Selection method of `suggest`: {', '.join(METHODS)}.\n" in read(ROOT / "project.yml")
    assert f"only {methods_for_any_pipeline().replace(' or ', ' and ')} work with it" in read(
        ROOT / "docs" / "annotation.md"
    )


def settings_classes(kind=Settings):
    """The classes of all settings in corpus and experiment files."""
    found = [one for child in kind.__subclasses__() for one in (child, *settings_classes(child))]
    return [one for one in found if one.__module__ in (CorpusSettings.__module__, Experiment.__module__)]


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_every_key_is_described_where_it_is_defined(kind):
    described = set(re.findall(r"^    (\w+) \(", kind.__doc__, re.MULTILINE))
    assert described >= set(kind.__annotations__)


def test_table_of_commands_is_up_to_date(tmp_path):
    folder = copy_project(tmp_path)
    assert weasel(folder, "document", ".", "--output", "docs/commands.md").returncode == 0
    assert (folder / "docs" / "commands.md").read_text("utf8") == read(ROOT / "docs" / "commands.md")
