"""Test the command: every file is written, identical each time, and the answer is printed last."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from scripts.base.errors import ProjectError
from scripts.base.settings import read_settings
from scripts.experiments.settings import Experiment
from scripts.report import main, print_answer
from tests.reporting.made_up import CORPORA, make_run, write_experiment

ROOT = Path(__file__).parents[2]
TABLES = [
    "errors",
    "few_shot",
    "forecast",
    "forecast_back_test",
    "forgetting",
    "partial_matches",
    "ranking_validation",
    "significance",
    "source_ranking",
    "stability",
    "stopping",
    "shared_sentences",
    "table1_corpora",
    "table1_subtypes",
    "table2_in_corpus",
    "table3_zero_shot",
    "table4_vocabulary_overlap",
    "table5_sentences_needed",
]


def report(metrics, paper=ROOT / "assets" / "paper", configs=ROOT / "configs"):
    """Run the command where only results are, as after they were copied from another machine."""
    main("sample", configs, metrics / "absent", metrics / "absent", metrics, paper, metrics / "packages")


def files_in(folder):
    """Bytes of every file that the command wrote, by name."""
    written = [
        path
        for path in folder.rglob("*")
        if path.is_file() and "runs" not in path.parts and path.name != "corpora.json"
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in written}


def printed_after_answer(capsys):
    """The lines that the command ends with, from the answer on, without colors."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).rstrip().splitlines()
    (start,) = (number for number, line in enumerate(lines) if re.fullmatch("=+ Answer =+", line))
    return lines[start:]


def test_the_command_writes_everything_and_ends_with_the_answer(metrics, capsys):
    report(metrics)
    expected = [f"tables/{name}.{suffix}" for name in TABLES for suffix in ("csv", "md")]
    names = ("figure1_learning_curves", "forecast")
    expected += [f"figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")] + ["report.html"]
    assert sorted(files_in(metrics / "sample")) == sorted(expected)
    lines = printed_after_answer(capsys)
    assert len(lines) <= 10 and "Wheel" not in "".join(lines)
    assert [line.split()[:2] for line in lines[2:4]] == [["ru_ugt", "ru_ehr"], ["ru_ehr", "ru_ugt"]]
    assert lines[-1] == f"Report: {metrics / 'sample' / 'report.html'}"


def test_ten_lines_have_room_for_everything(read_made_up, capsys):
    failed = [{**make_run("few-shot", "ru_ugt", 1, (), 25, seed), "problem": "diverged"} for seed in (8, 9)]
    targets = [make_run("few-shot", name, 50, sources, 25) for name in CORPORA for sources in ((), ("nerel",))]
    more = [make_run("few-shot", "bc5cdr", 50, sources, 25) for sources in ((), ("nerel",))]
    results = read_made_up([*targets, *more, *failed], [make_run("few-shot", "ru_ugt", 1, (), 50)])
    print_answer(results, Path("report.html"), Path("packages/xx_drug_disease-0.1.0-py3-none-any.whl"))
    lines = printed_after_answer(capsys)
    assert len(lines) <= 10
    said = "".join(lines)
    assert "1 more in the report" in said and "planned runs are not finished" in said and "(2 more" in said
    assert lines[-2:] == ["Report: report.html", "Wheel: packages/xx_drug_disease-0.1.0-py3-none-any.whl"]


@pytest.fixture()
def small(tmp_path):
    """The metrics folder with an experiment of five runs, which is drawn in no time."""
    runs = [make_run("in-corpus", "ru_ugt", 80), make_run("zero-shot", "ru_ugt", 50, ("en_ugt",), 0)]
    runs += [make_run("few-shot", "ru_ugt", f1, sources, 25) for sources, f1 in (((), 50), (("en_ugt",), 60))]
    return write_experiment(tmp_path / "small", runs)


def with_settings(folder, **settings):
    """A folder of settings like the project's own, with more in the experiment's file."""
    experiment = srsly.read_yaml(ROOT / "configs" / "experiments" / "sample.yml")
    (folder / "experiments").mkdir(parents=True)
    srsly.write_yaml(folder / "experiments" / "sample.yml", {**experiment, **settings})
    return folder


def test_the_papers_values_are_shown_only_where_the_experiment_asks(small, tmp_path):
    report(small)
    own = files_in(small / "sample")
    assert "tables/table5_paper_recomputed.csv" not in own
    assert not [name for name, content in own.items() if name.endswith((".csv", ".md")) and b"paper: " in content]
    report(small, configs=with_settings(tmp_path / "configs", report={"paper": True}))
    shown = files_in(small / "sample")
    assert set(shown) - set(own) == {f"tables/table5_paper_recomputed.{suffix}" for suffix in ("csv", "md")}
    assert b"paper: RU UGT" in shown["tables/table1_corpora.csv"]


def test_what_only_an_earlier_report_made_is_gone(small, tmp_path):
    tables = small / "sample" / "tables"
    report(small, configs=with_settings(tmp_path / "configs", report={"paper": True}))
    assert (tables / "table5_paper_recomputed.csv").is_file()
    (tables / "search.csv").touch()
    (small / "sample" / "figures" / "reliability.svg").touch()
    report(small)
    left = set(files_in(small / "sample"))
    assert "tables/table5_paper_recomputed.csv" not in left and "figures/reliability.svg" not in left
    assert "tables/search.csv" in left


def test_the_experiment_of_the_paper_asks_for_its_values_and_no_other_does():
    asking = [path.stem for path in (ROOT / "configs" / "experiments").glob("*.yml") if asks_for_paper(path)]
    assert asking == ["paper"]


def asks_for_paper(path):
    return read_settings(path, Experiment).report.paper


def test_the_page_holds_the_settings_without_the_machines_folders(small, tmp_path):
    report(small, configs=with_settings(tmp_path / "configs", encoder=str(tmp_path / "some-encoder")))
    page = (small / "sample" / "report.html").read_text("utf8")
    assert "encoder: some-encoder" in page and str(tmp_path) not in page


def test_same_runs_same_bytes_in_another_process(metrics, tmp_path):
    report(metrics)
    copy = tmp_path / "copy"
    shutil.copytree(metrics / "sample" / "runs", copy / "sample" / "runs")
    shutil.copy(metrics / "sample" / "corpora.json", copy / "sample")
    command = [sys.executable, "-m", "scripts.report", "--metrics", str(copy), "--corpus", str(copy / "absent")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONHASHSEED": "7"})
    assert files_in(copy / "sample") == files_in(metrics / "sample")


def test_without_the_papers_files_nothing_is_held_against_them(small, tmp_path):
    report(small, tmp_path / "absent", with_settings(tmp_path / "configs", report={"paper": True}))
    assert "tables/table5_paper_recomputed.csv" not in files_in(small / "sample")
    assert "paper F1" not in (small / "sample" / "tables" / "table2_in_corpus.csv").read_text(encoding="utf8")


def test_damaged_numbers_of_the_paper_are_an_error_and_nothing_is_written(small, tmp_path):
    (tmp_path / "paper").mkdir()
    with pytest.raises(ProjectError, match="tables.json: no such file"):
        report(small, tmp_path / "paper", with_settings(tmp_path / "configs", report={"paper": True}))
    assert files_in(small / "sample") == {}


def test_no_runs_is_an_error_and_writes_nothing(tmp_path):
    with pytest.raises(ProjectError, match="no finished run"):
        report(tmp_path)
    assert list(tmp_path.iterdir()) == []
