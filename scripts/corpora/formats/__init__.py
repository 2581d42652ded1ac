"""The formats that corpora come in, by the name that a corpus file calls them.

A format is a module with two functions, and one entry here:
`raw_files(path, annotations)` lists the files that it reads, and `read(path, annotations)` makes documents of them.
"""
from types import ModuleType

from scripts.corpora.formats import brat, conll, pubtator, rudrec

FORMATS: dict[str, ModuleType] = {"brat": brat, "conll": conll, "pubtator": pubtator, "rudrec": rudrec}
