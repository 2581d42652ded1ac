"""Check the keys of a spaCy config where spaCy itself does not: a misspelt one has no effect, and nobody is told.

Blocks of registered functions (`[training.batcher]`, `[corpora.train]`), components and what `[initialize]` hands to
them are left to spaCy, which stops at an argument that it does not know.
"""
from pathlib import Path

from spacy.schemas import CONFIG_SCHEMAS
from spacy.util import CONFIG_SECTION_ORDER
from thinc.api import Config

from scripts.base.errors import ProjectError
from scripts.base.settings import suggest


def check_known_keys(config: Config, where: Path) -> None:
    """Stop at a section that spaCy never reads, or a key that its own section of the config does not have.

    Own values to refer to, by `${variables.name}`, have their place in `[paths]`, `[variables]` and `[system]`.

    config (Config): The config, overrides included; its references need not be filled in.
    where (Path): Its file, for the error.
    RAISES (ProjectError): If a section, or a key of `[nlp]`, `[training]`, `[pretraining]` or `[initialize]`, is
        unknown.
    """
    for section in config:
        if section not in CONFIG_SECTION_ORDER:
            remedy = suggest(section, CONFIG_SECTION_ORDER)
            raise ProjectError(f"unknown section '{section}'", where=where, remedy=remedy)
    for section, schema in CONFIG_SCHEMAS.items():
        # To mypy a schema's type is its metaclass, which has no fields.
        known = list(schema.model_fields)  # type: ignore[attr-defined]
        for key in config.get(section, {}):
            if key not in known:
                raise ProjectError(f"unknown key '{section}.{key}'", where=where, remedy=suggest(key, known))
