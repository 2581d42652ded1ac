"""The command: every file is written, twice alike, and the short answer stands on screen."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.base.errors import ProjectError
from scripts.report import main

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
    "table5_paper_recomputed",
    "table5_sentences_needed",
]


def report(metrics, paper=ROOT / "assets" / "paper"):
    """Run the command where only results are, as after they were copied from another machine."""
    main("sample", ROOT / "configs", metrics / "absent", metrics / "absent", metrics, paper)


def files_in(folder):
    """Bytes of every file that the command wrote, by name."""
    written = [
        path
        for path in folder.rglob("*")
        if path.is_file() and "runs" not in path.parts and path.name != "corpora.json"
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in written}


def test_the_command_writes_everything_and_tells_the_answer(metrics, capsys):
    report(metrics)
    expected = [f"tables/{name}.{suffix}" for name in TABLES for suffix in ("csv", "md")]
    names = ("figure1_learning_curves", "forecast")
    expected += [f"figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")] + ["report.html"]
    assert sorted(files_in(metrics / "sample")) == sorted(expected)
    screen = capsys.readouterr().out
    assert "For ru_ugt the source that helps most is ru_ehr" in screen
    assert all(f"Table {number}." in screen for number in (2, 3, 5))
    assert str(metrics / "sample" / "report.html") in screen.strip().splitlines()[-1]


def test_same_runs_same_bytes_in_another_process(metrics, tmp_path):
    report(metrics)
    copy = tmp_path / "copy"
    shutil.copytree(metrics / "sample" / "runs", copy / "sample" / "runs")
    shutil.copy(metrics / "sample" / "corpora.json", copy / "sample")
    command = [sys.executable, "-m", "scripts.report", "--metrics", str(copy), "--corpus", str(copy / "absent")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONHASHSEED": "7"})
    assert files_in(copy / "sample") == files_in(metrics / "sample")


def test_without_the_papers_numbers_nothing_is_held_against_them(metrics, tmp_path):
    report(metrics, tmp_path / "absent")
    assert "tables/table5_paper_recomputed.csv" not in files_in(metrics / "sample")
    assert "paper F1" not in (metrics / "sample" / "tables" / "table2_in_corpus.csv").read_text(encoding="utf8")


def test_damaged_numbers_of_the_paper_are_an_error_and_nothing_is_written(metrics, tmp_path):
    (tmp_path / "paper").mkdir()
    with pytest.raises(ProjectError, match="tables.json: no such file"):
        report(metrics, tmp_path / "paper")
    assert files_in(metrics / "sample") == {}


def test_no_runs_is_an_error_and_writes_nothing(tmp_path):
    with pytest.raises(ProjectError, match="no finished run"):
        report(tmp_path)
    assert list(tmp_path.iterdir()) == []
