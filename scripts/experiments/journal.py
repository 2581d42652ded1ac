"""Log the outcome of each run: JSON lines for programs, one line each on the screen, and the reasons for failures."""
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from scripts.base.files import write_json
from scripts.experiments.executors.task import Ended

DONE, FAILED, PROBLEM = "done", "failed", "problem"


class Journal:
    """The log of an experiment. It contains names, times, scores and reasons, and no text from a corpus.

    folder (Path): The experiment's results folder. The log is `log.jsonl`, and failures are in `failures/ID.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log.jsonl"
        self._failures = folder / "failures"
        self.failed: dict[str, str] = {}

    def note(self, ended: Ended, f1: Optional[float] = None, problem: str = "") -> str:
        """Log a finished task, and save the reason if it failed.

        ended (Ended): The task.
        f1 (Optional[float]): Micro F1 in percent. None for tasks without a score, such as the training of a source.
        problem (str): Why the score is meaningless. Empty if it isn't.
        RETURNS (str): The line to print.
        """
        name, failure = ended.task.id, ended.failure
        reason = failure.reason if failure else problem
        status = FAILED if failure else PROBLEM if problem else DONE
        self._append(
            run=name,
            start=_time(ended.started),
            end=_time(ended.ended),
            seconds=round(ended.ended - ended.started, 2),
            worker=ended.worker,
            status=status,
            f1=None if f1 is None else round(f1, 2),
            reason=reason,
        )
        kept = self._failures / f"{name}.json"
        if failure:
            self.failed[name] = reason
            write_json(kept, {"run": name, "reason": reason, "traceback": list(failure.traceback)})
        else:
            kept.unlink(missing_ok=True)
        return _line(name, status, ended.ended - ended.started, f1, reason)

    def _append(self, **entry: Any) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def failure_line(name: str, reason: str) -> str:
    """RETURNS (str): The line to print for a failed task, however long it is."""
    return f"✘ {name}  failed: {reason}"


def _line(name: str, status: str, seconds: float, f1: Optional[float], reason: str) -> str:
    if status == FAILED:
        return failure_line(name, reason)
    score = "trained" if f1 is None else f"F1 {f1:5.1f}"
    return f"{'✔' if status == DONE else '⚠'} {name}  {score}  {seconds:.0f} s{f'  {reason}' if reason else ''}"
