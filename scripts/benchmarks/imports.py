"""Time imports. This module itself imports almost nothing."""
import importlib

from scripts.benchmarks.measure import Measurement, measured, stopwatch


def import_project() -> list[Measurement]:
    """RETURNS (list[Measurement]): The imports of every training command."""
    return [_import("scripts.experiments.execute")]


def import_spacy() -> list[Measurement]:
    """RETURNS (list[Measurement]): The import of spacy-transformers, which a package needs."""
    return [_import("spacy_transformers")]


def import_hugging_face() -> list[Measurement]:
    """RETURNS (list[Measurement]): The imports of Hugging Face's pipeline for this model."""
    return [_import("transformers.pipelines")]


def _import(module: str) -> Measurement:
    with stopwatch() as watch:
        importlib.import_module(module)
    return measured("import", 1, "imports", watch)
