"""Check the keys of a spaCy config that spaCy itself doesn't check: it ignores misspelt ones without a warning.

Blocks of registered functions (`[training.batcher]`, `[corpora.train]`), components, and what `[initialize]` passes to
them are left to spaCy, which raises an error for unknown arguments.
"""
from pathlib import Path

from spacy.schemas import CONFIG_SCHEMAS
from spacy.util import CONFIG_SECTION_ORDER
from thinc.api import Config

from scripts.base.errors import ProjectError
from scripts.base.settings import suggest


def check_known_keys(config: Config, where: Path) -> None:
    """Raise an error for a section that spaCy never reads, or for a key that a section doesn't have.

    Your own values, for references such as `${variables.name}`, belong in `[paths]`, `[variables]` or `[system]`.

    config (Config): The config with its overrides. References don't have to be resolved.
    where (Path): The config file, for the error.
    RAISES (ProjectError): If a section, or a key of `[nlp]`, `[training]`, `[pretraining]` or `[initialize]`, is
        unknown.
    """
    for section in config:
        if section not in CONFIG_SECTION_ORDER:
            remedy = suggest(section, CONFIG_SECTION_ORDER)
            raise ProjectError(f"unknown section '{section}'", where=where, remedy=remedy)
    for section, schema in CONFIG_SCHEMAS.items():
        # mypy takes a schema's type to be its metaclass, which has no fields.
        known = list(schema.model_fields)  # type: ignore[attr-defined]
        for key in config.get(section, {}):
            if key not in known:
                raise ProjectError(f"unknown key '{section}.{key}'", where=where, remedy=suggest(key, known))
