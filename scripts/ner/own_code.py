"""Keep packages that this project built from replacing the project's own code in its own processes.

catalogue prefers the entry points of installed packages to functions that are registered here. A package in the same
environment may come from an older version of the project.
"""
from importlib.metadata import EntryPoint, EntryPoints
from itertools import chain

import catalogue

PREFIX = "interlingual."
MODELS = "spacy_models"


def hide_own_packages() -> None:
    """Hide the functions of installed packages that this project built. They can still be loaded by name."""
    available = catalogue.AVAILABLE_ENTRY_POINTS
    found = list(chain.from_iterable(available.select(group=group) for group in available.groups))
    own = {_package(one) for one in found if one.name.startswith(PREFIX)}
    if own:
        shown = EntryPoints(one for one in found if _package(one) not in own or one.group == MODELS)
        catalogue.AVAILABLE_ENTRY_POINTS = shown


def _package(entry_point: EntryPoint) -> str:
    return entry_point.value.partition(":")[0].partition(".")[0]
