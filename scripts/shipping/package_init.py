"""Load the pipeline of this package, and register its components with spaCy.

This file becomes the `__init__.py` of a package. Through the package's entry points, spaCy imports it whenever any
pipeline is created in an environment that has the package. Importing it must therefore never raise an error.
"""
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.util import load_model_from_init_py, logger

_FOLDER = Path(__file__).parent
_MODULES = sorted(f"{__name__}.{path.stem}" for path in _FOLDER.glob("[!_]*.py"))

__version__ = json.loads((_FOLDER / "meta.json").read_text(encoding="utf8"))["version"]

for _module in _MODULES:
    try:
        import_module(_module)
    # A damaged library may raise any error.
    except Exception as error:
        logger.warning("The components of %s can't be used: %s: %s", _module, type(error).__name__, error)


def load(**overrides: Any) -> Language:
    """Load the pipeline.

    overrides (Any): Arguments of `spacy.load`.
    RETURNS (Language): The pipeline.
    RAISES (ImportError): If a required library is missing.
    """
    for module in _MODULES:
        import_module(module)
    return load_model_from_init_py(__file__, **overrides)
