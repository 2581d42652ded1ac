"""Test what every format must have, whether or not a corpus uses it."""
import inspect
from dataclasses import fields

import pytest

from scripts.corpora.formats import FORMATS
from scripts.corpora.formats.options import Options


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_complete(name):
    module = FORMATS[name]
    assert set(module.OPTIONS) <= {field.name for field in fields(Options)}
    assert list(inspect.signature(module.raw_files).parameters)[:2] == ["path", "annotations"]
    assert list(inspect.signature(module.read).parameters) == ["path", "annotations", "options"]
