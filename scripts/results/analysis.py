"""Read the analysis of a run: its errors, its scores by kind of match and its counts per document."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Optional

import numpy

from scripts.base.files import read_zipped_json
from scripts.evaluation.errors import ErrorCounts
from scripts.evaluation.partial import MatchScore
from scripts.evaluation.significance import DocumentCounts
from scripts.results.runs import RunResult
from scripts.results.shapes import adapter

ANALYZE_AGAIN = "delete the file and start the experiment again: no run is repeated"


def analysis_file(runs: Path, run: str) -> Path:
    """RETURNS (Path): The file with the analysis of a run, given the folder of runs."""
    return runs.parent / "analysis" / f"{run}.json.gz"


def read_document_counts(runs: Path, run: RunResult) -> Optional[DocumentCounts]:
    """Read a run's counts for each document.

    runs (Path): The folder of runs.
    run (RunResult): The run.
    RETURNS (Optional[DocumentCounts]): The counts, or None if the run has not been analyzed since it was last made.
    RAISES (ProjectError): If the file is damaged.
    """
    analysis = _read_analysis(runs, run)
    if not analysis:
        return None
    counts = {name: numpy.array(own, dtype=int).reshape(-1, 3) for name, own in analysis["counts"].items()}
    return DocumentCounts(tuple(analysis["documents"]), counts)


def with_analysis(runs: Path, run: RunResult) -> RunResult:
    """RETURNS (RunResult): The run with its errors and its scores by kind of match, if it has been analyzed."""
    analysis = _read_analysis(runs, run)
    if not analysis:
        return run
    errors = adapter(dict[str, ErrorCounts]).validate_python(analysis["errors"])
    matches = adapter(dict[str, dict[str, MatchScore]]).validate_python(analysis["matches"])
    return replace(run, errors=errors, matches=matches)


def _read_analysis(runs: Path, run: RunResult) -> dict[str, Any]:
    path = analysis_file(runs, run.run)
    analysis = read_zipped_json(path, remedy=ANALYZE_AGAIN) if path.is_file() else {}
    return analysis if is_analysis_of(analysis, run) else {}


def is_analysis_of(analysis: Mapping[str, Any], run: RunResult) -> bool:
    """RETURNS (bool): Whether an analysis is that of a run's predictions, which may differ between machines. If the
    analysis or the run is from an earlier version that didn't hash them, the settings and data have to do."""
    if analysis.get("fingerprint") != run.fingerprint:
        return False
    return not run.predictions or analysis.get("predictions", run.predictions) == run.predictions
