"""Register the formats of corpora under the names used in corpus files.

A format is a module and an entry here. `raw_files(path, annotations)` lists the files that it reads, and
`read(path, annotations, options)` returns documents with offsets in characters. `OPTIONS` names the fields of `Options`
that it supports. Formats that can also be written have `write(documents, path)`.
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
