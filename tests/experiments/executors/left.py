"""Collect what a grid left behind, to compare executors."""
from pathlib import Path


def predictions_of(root: Path) -> dict[str, bytes]:
    """RETURNS (dict[str, bytes]): The predictions of every run of a project, byte for byte."""
    return {path.name: path.read_bytes() for path in (root / "metrics").rglob("*.predictions.json.gz")}
