"""Read the analysis of a run: its errors, its kinds of match and its counts by document."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import numpy

from scripts.base.files import read_zipped_json
from scripts.evaluation.errors import ErrorCounts
from scripts.evaluation.partial import MatchScore
from scripts.evaluation.significance import DocumentCounts
from scripts.results.runs import RunResult
from scripts.results.shapes import adapter


def analysis_file(runs: Path, run: str) -> Path:
    """RETURNS (Path): Where the analysis of a run stands, below the folder of runs."""
    return runs.parent / "analysis" / f"{run}.json.gz"


def read_document_counts(runs: Path, run: RunResult) -> Optional[DocumentCounts]:
    """Read what a run found in each document.

    runs (Path): The folder of runs.
    run (RunResult): The run.
    RETURNS (Optional[DocumentCounts]): None if the run has not been analysed, or has been made anew since.
    RAISES (ProjectError): If the file is damaged.
    """
    analysis = _read_analysis(runs, run)
    if not analysis:
        return None
    counts = {name: numpy.array(own, dtype=int).reshape(-1, 3) for name, own in analysis["counts"].items()}
    return DocumentCounts(tuple(analysis["documents"]), counts)


def with_analysis(runs: Path, run: RunResult) -> RunResult:
    """RETURNS (RunResult): The run with its errors and kinds of match, where it has been analysed."""
    analysis = _read_analysis(runs, run)
    if not analysis:
        return run
    errors = adapter(dict[str, ErrorCounts]).validate_python(analysis["errors"])
    matches = adapter(dict[str, dict[str, MatchScore]]).validate_python(analysis["matches"])
    return replace(run, errors=errors, matches=matches)


def _read_analysis(runs: Path, run: RunResult) -> dict[str, Any]:
    path = analysis_file(runs, run.run)
    analysis = read_zipped_json(path) if path.is_file() else {}
    return analysis if analysis.get("fingerprint") == run.fingerprint else {}
