"""Test that an installed package built by the project doesn't replace the project's own code."""
import os
import subprocess
import sys

from tests.project import ROOT

# What an installed package of another version declares, and two that have nothing to do with the project.
ENTRY_POINTS = """
[spacy_architectures]
interlingual.BioTagger.v2 = xx_older.bio_ner:BioTagger_v2
others.Tagger.v1 = others:Tagger

[spacy_factories]
bio_ner_v2 = xx_older.bio_ner:make_bio_ner_v2
others = others:make

[spacy_models]
xx_older = xx_older
"""
OLDER = """
from spacy.language import Language
from spacy.util import registry
if not Language.has_factory("bio_ner_v2"):
    Language.factory("bio_ner_v2", func=lambda nlp, name: None)
def BioTagger_v2(tok2vec, nO=None): raise SystemError("the older one")
def make_bio_ner_v2(nlp, name): raise SystemError("the older one")
"""
OTHERS = """
from spacy.language import Language
def Tagger(): return "others"
def make(nlp, name): return lambda doc: doc
if not Language.has_factory("others"):
    Language.factory("others", func=make)
"""
PROGRAM = """
import scripts.ner.bio_ner
import spacy
from spacy.util import get_installed_models, registry
nlp = spacy.blank("xx")
head = nlp.add_pipe("bio_ner_v2")
print(type(head).__module__, registry.architectures.get("interlingual.BioTagger.v2").__module__)
print(registry.architectures.get("others.Tagger.v1")(), nlp.add_pipe("others") is not None)
print("xx_older" in get_installed_models())
"""


def test_the_projects_own_components_are_used_beside_an_installed_package(tmp_path):
    (tmp_path / "xx_older").mkdir()
    (tmp_path / "xx_older" / "__init__.py").write_text("", "utf8")
    (tmp_path / "xx_older" / "bio_ner.py").write_text(OLDER, "utf8")
    (tmp_path / "others.py").write_text(OTHERS, "utf8")
    information = tmp_path / "xx_older-0.0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: xx-older\nVersion: 0.0.1\n", "utf8")
    (information / "entry_points.txt").write_text(ENTRY_POINTS, "utf8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "scripts.ner.bio_ner scripts.ner.bio_ner",
        "others True",
        "True",
    ], done.stderr[-2000:]
