"""The formats that corpora come in, by the name that a corpus file calls them.

A format is a module and one entry here. `raw_files(path, annotations)` lists the files that it reads, and
`read(path, annotations, options)` makes documents of them, whose offsets count characters. `OPTIONS` names the fields
of `Options` that it heeds. A format that can be written too has `write(documents, path)`.
"""
from types import ModuleType

from scripts.corpora.formats import (
    bigbio,
    bioc,
    brat,
    conll,
    docbin,
    huggingface,
    jsonl,
    label_studio,
    pubtator,
    rudrec,
    spacy_tuples,
    uima,
    webanno,
)

FORMATS: dict[str, ModuleType] = {
    "bigbio": bigbio,
    "bioc": bioc,
    "brat": brat,
    "conll": conll,
    "docbin": docbin,
    "huggingface": huggingface,
    "jsonl": jsonl,
    "label_studio": label_studio,
    "pubtator": pubtator,
    "rudrec": rudrec,
    "spacy_tuples": spacy_tuples,
    "uima": uima,
    "webanno": webanno,
}
