"""The record of finished runs: one JSON file each, written last and whole, so that nothing is done twice."""
from dataclasses import asdict
from pathlib import Path
from typing import Any, Sequence

from scripts.base.errors import ProjectError
from scripts.base.files import read_json, write_json, write_text, write_zipped_json
from scripts.evaluation.runs import RunResult
from scripts.experiments.score import Prediction


class Ledger:
    """The finished runs of an experiment.

    folder (Path): Holds for each run ID.json, ID.cfg and ID.predictions.json.gz.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def is_finished(self, run: str, fingerprint: str) -> bool:
        """RETURNS (bool): Whether the run is on record with the settings and data that the fingerprint stands for."""
        path = self.folder / f"{run}.json"
        if not path.is_file():
            return False
        try:
            return read_json(path).get("fingerprint") == fingerprint
        except (ProjectError, AttributeError):
            return False

    def write(self, result: RunResult, config: str, sample: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Put a run on record.

        result (RunResult): The run.
        config (str): The resolved config that it was trained by.
        sample (Sequence): (document id, number of the sentence) of the sample; empty if it is the whole training part.
        predictions (Sequence[Prediction]): The entities found in the target's test part.
        """
        stem = self.folder / result.run
        # Gone before the files that belong to it change: it must never stand beside those of other settings.
        stem.with_name(f"{result.run}.json").unlink(missing_ok=True)
        write_text(stem.with_name(f"{result.run}.cfg"), config)
        data = {"sample": sample, "predictions": [asdict(prediction) for prediction in predictions]}
        write_zipped_json(stem.with_name(f"{result.run}.predictions.json.gz"), data)
        write_json(stem.with_name(f"{result.run}.json"), to_json(result))


def to_json(result: RunResult) -> dict[str, Any]:
    """RETURNS (dict): A result as its file holds it; scores with their percentages."""
    data = asdict(result)
    data["scores"] = {
        unit: {name: score.to_dict() for name, score in getattr(result.scores, unit).items()}
        for unit in ("tokens", "characters")
    }
    data["coordinates"]["sources"] = list(result.coordinates.sources)
    return data
