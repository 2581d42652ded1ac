"""Test which folders of an experiment a command locks, and that every command does."""
import ast
import fcntl
from pathlib import Path

import pytest

from scripts.base.locks import lock_file
from scripts.experiments.folders import lock_experiment

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(path for path in (ROOT / "scripts").glob("*.py") if path.stem != "__init__")


def is_free(path: Path, operation: int) -> bool:
    lock_file(path).parent.mkdir(parents=True, exist_ok=True)
    with lock_file(path).open("a+") as file:
        try:
            fcntl.flock(file, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_an_experiment_has_its_results_alone_and_shares_corpora_and_encoders(tmp_path: Path):
    corpus, training, metrics = (tmp_path / name for name in ("corpus", "training", "metrics"))
    with lock_experiment("sample", ROOT / "configs", corpus, training, metrics, write=[tmp_path / "packages" / "xx"]):
        for path in (training / "sample", metrics / "sample", tmp_path / "packages" / "xx"):
            assert not is_free(path, fcntl.LOCK_SH)
        corpora = [corpus / name for name in ("en_ugt", "en_ehr", "ru_ugt", "ru_ehr", "tokenizer")]
        for path in (*corpora, training / "encoders"):
            assert is_free(path, fcntl.LOCK_SH) and not is_free(path, fcntl.LOCK_EX)
        for path in (training / "other", metrics / "other", corpus / "other"):
            assert is_free(path, fcntl.LOCK_EX)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.stem)
def test_every_command_locks_what_it_uses(command: Path):
    main = next(node for node in ast.parse(command.read_text("utf8")).body if getattr(node, "name", "") == "main")
    called = {node.func.id for node in ast.walk(main) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called & {"locked", "lock_experiment"}
