"""Measure one peer in a process of its own: `python -m scripts.benchmarks.worker FUNCTION MATERIAL OUTPUT`."""
import importlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.base.files import write_json


def main(function: str, folder: str, output: str) -> None:
    """Measure a peer and write the measurements.

    function (str): `module.function` in this package, followed by `:size` if it takes one.
    folder (str): Folder of the material.
    output (str): The file to write the measurements to.
    """
    path, _, size = function.partition(":")
    module, _, name = path.rpartition(".")
    # To measure imports, nothing else may have been imported before.
    arguments = [] if module == "imports" else [_material(Path(folder))]
    arguments += [int(size)] if size else []
    measurements = getattr(importlib.import_module(f"scripts.benchmarks.{module}"), name)(*arguments)
    write_json(Path(output), [asdict(measurement) for measurement in measurements])


def _material(folder: Path) -> Any:
    from scripts.benchmarks.material import read_material
    from scripts.experiments.device import use_device

    material = read_material(folder)
    use_device(material.threads, material.gpu_id)
    return material


if __name__ == "__main__":
    main(*sys.argv[1:])
