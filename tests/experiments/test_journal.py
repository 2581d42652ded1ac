"""Test what the log of an experiment keeps of finished runs."""
import json

from scripts.base.errors import ProjectError
from scripts.experiments.executors.task import Ended, Failure, Task, explain
from scripts.experiments.journal import Journal

SECRET = "Petrov took aspirin"


def fail(folder, error: Exception) -> tuple[str, str]:
    """RETURNS (tuple[str, str]): What is told of a task that has failed so, and all that files hold of it."""
    journal = Journal(folder)
    told = journal.note(Ended(Task("a.run", None, 1), "worker 1", 0.0, 2.0, failure=explain(error)))
    return told, "".join(path.read_text(encoding="utf8") for path in sorted(folder.rglob("*.json*")))


def test_what_a_library_says_is_neither_told_nor_kept(tmp_path):
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        told, kept = fail(tmp_path, error)
    assert SECRET not in told + kept and "failed: KeyError" in told and kept.count("KeyError") == 2


def test_what_the_project_says_is_told_and_kept(tmp_path):
    told, kept = fail(tmp_path, ProjectError("too few sentences", where="ru_ehr"))
    assert "ru_ehr: too few sentences" in told and kept.count("ru_ehr: too few sentences") == 2


def test_the_reason_is_that_of_what_depends_on_it():
    assert explain(KeyError(SECRET)).of_what_follows("model") == Failure("model failed: KeyError")


def test_a_mark_goes_when_the_run_succeeds(tmp_path):
    fail(tmp_path, KeyError(SECRET))
    journal = Journal(tmp_path)
    assert journal.note(Ended(Task("a.run", None, 1), "worker 1", 0.0, 2.0), f1=81.3) == "✔ a.run  F1  81.3  2 s"
    assert not list((tmp_path / "failures").iterdir()) and not journal.failed
    states = [json.loads(line)["status"] for line in (tmp_path / "log.jsonl").read_text("utf8").splitlines()]
    assert states == ["failed", "done"]
