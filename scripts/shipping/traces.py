"""Collect what must not be in a package: words, sentences and ids of the corpora, names and paths of the machine."""
import getpass
import io
import re
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence

import spacy
import srsly
import torch
from spacy.strings import hash_string
from spacy.tokens import Doc
from spacy.util import load_config
from thinc.api import Linear

from scripts.corpora.fingerprint import TOKENIZER
from scripts.corpora.formats import FORMATS
from scripts.corpora.manifest import Manifest, read_manifest
from scripts.corpora.parts import read_documents
from scripts.corpora.recognize import name_format
from scripts.corpora.settings import ABOUT, CorpusSettings
from scripts.experiments.workspace import Workspace
from scripts.ner.sentence_transformer import SentenceTransformer
from scripts.shipping.contents import Leaf, open_file

WORD = re.compile(r"[^\W_]+")
# A possible id, file name or machine name.
NAME = re.compile(r"[\w.\-]+(?:/[\w.\-]+)*")
# Shorter words, ids and names occur by chance, such as "note", "1" or "mg".
SHORTEST_WORD, SHORTEST_NAME, SHORTEST_NUMBER, SHORTEST_PATH = 5, 6, 7, 8
# The number of consecutive words to look for. Shorter sentences count as a whole, if they have at least two words and
# aren't too short.
PHRASE, SHORTEST_PHRASE = 4, 16
# Written by setuptools: the fields of core metadata and of its own files.
SETUPTOOLS = """
Metadata-Version Name Version Summary Home-page Author Author-email License License-File License-Expression Keywords
Requires-Python Requires-Dist Requires-External Provides-Extra Dynamic Classifier Description Description-Content-Type
Platform Project-URL Maintainer Obsoletes-Dist Wheel Generator setuptools Root-Is-Purelib Tag METADATA RECORD top_level
entry_points dist-info licenses README spacy_models models
"""
# Settings of a vectors table, which are next to the strings.
SETTINGS_OF_VECTORS = ("mode", "default", "floret")
ACCOUNTS = ("admin", "administrator", "localhost", "runner", "ubuntu")


@dataclass(frozen=True)
class Allowed:
    """What a package may contain, even if it also occurs in a corpus.

    strings (frozenset[str]): Strings in the string store of any pipeline, and the labels.
    texts (tuple[str, ...]): Code, templates, licenses and descriptions in corpus files. Their words, phrases and names
        are allowed.
    words (frozenset[str]): Lower-case words of texts written for the package.
    encoder (frozenset[str]): Strings of the encoder that the training started from.
    keys (frozenset[int]): Keys of the word vectors that the training started from.
    """

    strings: frozenset[str]
    texts: tuple[str, ...]
    words: frozenset[str] = frozenset()
    encoder: frozenset[str] = frozenset()
    keys: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Traces:
    """What a package must not contain, in lower case. What it may contain is left out.

    tokens (frozenset[str]): Tokens of the texts, which no string store may list.
    hashes (frozenset[int]): spaCy's hashes of the tokens, which no vectors or lookups table may have as keys.
    words (frozenset[str]): Words with at least SHORTEST_WORD letters, which no text may use.
    phrases (frozenset[int]): Python's hashes of consecutive words; see `phrases_of`.
    names (frozenset[str]): Document ids, and names of raw files, the user and the machine, if they are distinctive.
    paths (tuple[str, ...]): Folders of this machine, and folders in corpus files.
    encoder (frozenset[str]): Strings of the encoder itself, mainly its vocabulary, which it may keep.
    """

    tokens: frozenset[str]
    hashes: frozenset[int]
    words: frozenset[str]
    phrases: frozenset[int]
    names: frozenset[str]
    paths: tuple[str, ...]
    encoder: frozenset[str]


def find_traces(workspace: Workspace, code: Sequence[str], written: Sequence[str]) -> Traces:
    """Collect what must not be in a package of an experiment.

    workspace (Workspace): The experiment. All parts of all its corpora count, whether or not they were trained on.
    code (Sequence[str]): Texts of the project that are in the package: code, templates and licenses.
    written (Sequence[str]): Texts written for this package: its metadata and its card.
    RETURNS (Traces): The traces to look for.
    """
    manifests = {name: read_manifest(workspace.corpus, name) for name in workspace.corpora}
    folders = [workspace.corpus / name / f"{part}.spacy" for name in manifests for part in manifests[name].splits]
    settings = [corpus.settings for corpus in workspace.corpora.values() if corpus.settings]
    told = [str(getattr(corpus, key)) for corpus in settings for key in ABOUT]
    known = [*code, *told, *workspace.corpora, workspace.recipe.template.path.read_text(encoding="utf8")]
    documents = (document for path in folders for document in read_documents(path))
    names = [*_ids(manifests.values()), *_raw_files(settings), getpass.getuser(), socket.gethostname()]
    encoder = workspace.recipe.encoder
    vectors = load_config(workspace.recipe.template.path, interpolate=True)["paths"].get("vectors")
    allowed = Allowed(
        strings=frozenset([*spacy.blank("xx").vocab.strings, *SETTINGS_OF_VECTORS, *workspace.entity_types]),
        texts=(*known, SETUPTOOLS, *strings_of_libraries()),
        words=frozenset(word for text in written for word in words_of(text)),
        encoder=frozenset(strings_of_encoder(encoder.path)) if encoder else frozenset(),
        keys=_keys_of(vectors),
    )
    return traces_of(documents, names, _paths(workspace, settings), allowed)


def traces_of(documents: Iterable[Doc], names: Iterable[str], paths: Iterable[str], allowed: Allowed) -> Traces:
    """Collect traces, without what is allowed.

    documents (Iterable[Doc]): The texts of the corpora.
    names (Iterable[str]): Document ids, and names of files, the user and the machine.
    paths (Iterable[str]): Folders.
    allowed (Allowed): What the package may contain.
    RETURNS (Traces): The traces to look for.
    """
    tokens: set[str] = set()
    phrases: set[int] = set()
    for document in documents:
        tokens.update(token.text for token in document)
        for sentence in document.sents:
            phrases.update(phrases_of(sentence.text, whole=True))
    texts = [*allowed.texts, *allowed.strings]
    used = {word for text in texts for word in words_of(text)} | allowed.words
    listed = {token for token in tokens if len(token) > 1 and any(map(str.isalpha, token))} - allowed.strings
    hashes = {hash_string(text) for token in listed for text in (token, token.lower())}
    words = {word for token in tokens for word in words_of(token)} - used
    return Traces(
        tokens=frozenset({token.lower() for token in listed} - {string.lower() for string in allowed.strings}),
        hashes=frozenset(hashes - {hash_string(string) for string in allowed.strings} - allowed.keys),
        words=frozenset(word for word in words if len(word) >= SHORTEST_WORD and word.isalpha()),
        phrases=frozenset(phrases.difference(phrase for text in texts for phrase in phrases_of(text))),
        names=frozenset(name.lower() for name in names if is_distinctive(name)).difference(
            name for text in texts for name in names_of(text)
        ),
        paths=tuple(sorted({path.lower() for path in paths})),
        encoder=allowed.encoder,
    )


def words_of(text: str) -> list[str]:
    """RETURNS (list[str]): The lower-case words and numbers of a text."""
    return WORD.findall(text.lower())


def phrases_of(text: str, whole: bool = False) -> Iterator[int]:
    """Find the phrases of a text.

    text (str): The text.
    whole (bool): Whether the text is a sentence. A short sentence counts as a whole. In other texts, phrases of two and
        three words are included at any position.
    YIELDS (int): Python's hash of every PHRASE consecutive words that are not too short.
    """
    words = words_of(text)
    if whole:
        sizes = [PHRASE] if len(words) >= PHRASE else [len(words)] if len(words) > 1 else []
    else:
        sizes = list(range(2, PHRASE + 1))
    for size in sizes:
        for start in range(len(words) - size + 1):
            row = " ".join(words[start : start + size])
            if len(row) >= SHORTEST_PHRASE:
                yield hash(row)


def names_of(text: str) -> Iterator[str]:
    """YIELDS (str): Possible ids and file names in a text, in lower case: whole, in parts, and without a suffix."""
    for match in NAME.findall(text.lower()):
        for name in {match, *match.split("/")}:
            yield from {name, name.strip(".-"), name.rpartition(".")[0]}


def is_distinctive(name: str) -> bool:
    """RETURNS (bool): Whether a name rarely occurs by chance, because it is no ordinary word or short number."""
    has_letter, has_digit = any(map(str.isalpha, name)), any(map(str.isdigit, name))
    if name.isdigit():
        return len(name) >= SHORTEST_NUMBER
    return len(name) >= SHORTEST_NAME and has_letter and (has_digit or not name.isalpha()) and name not in ACCOUNTS


def strings_of_libraries() -> list[str]:
    """RETURNS (list[str]): Strings that spaCy, spacy-transformers, Thinc and PyTorch write for any pipeline, such as
    names of formats and attributes."""
    nlp = spacy.blank("xx")
    weights = io.BytesIO()
    torch.save({"": torch.zeros(1), " ": torch.zeros(1).half()}, weights)
    written = [nlp.to_bytes(), Linear(1, 1).initialize().to_bytes(), weights.getvalue()]
    strings = [string for data in written for string in _strings(open_file("", data))]
    attributes = [name for node in SentenceTransformer("").walk() for name in (node.name, *node.attrs)]
    return [*strings, *attributes, nlp.config.to_str(), *nlp.meta]


def strings_of_encoder(folder: Path) -> Iterator[str]:
    """Read the strings of an encoder, from its own files and from those that transformers writes.

    folder (Path): Folder of the encoder.
    YIELDS (str): Every string of its configuration and tokenizer, and the names of its weights.
    """
    # Slow to import.
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    with tempfile.TemporaryDirectory() as name:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        tokenizer.save_pretrained(name)
        files = [path for place in (folder, Path(name)) for path in place.iterdir() if path.suffix in (".json", ".txt")]
        for file in files:
            yield from _strings(open_file("", file.read_bytes()))
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    yield from _strings(open_file("", srsly.msgpack_dumps([config.to_dict(), list(map(str, tokenizer.init_kwargs))])))
    with torch.device("meta"):
        yield from AutoModel.from_config(config, trust_remote_code=False).state_dict()


def _strings(leaves: Iterable[Leaf]) -> Iterator[str]:
    for leaf in leaves:
        if isinstance(leaf.value, str):
            yield leaf.value
            yield from leaf.value.splitlines()


def _keys_of(vectors: Any) -> frozenset[int]:
    """RETURNS (frozenset[int]): Keys of the word vectors that a model starts from."""
    table = Path(vectors) / "vocab" / "key2row" if vectors else None
    return frozenset(srsly.read_msgpack(table)) if table and table.is_file() else frozenset()


def _ids(manifests: Iterable[Manifest]) -> Iterator[str]:
    for manifest in manifests:
        yield from manifest.left_out.ids
        for part in manifest.splits.values():
            yield from part.ids


def _raw_files(settings: Sequence[CorpusSettings]) -> Iterator[str]:
    """YIELDS (str): Names of the raw files that still exist."""
    for corpus in settings:
        if corpus.path_here.exists():
            with name_format(corpus.path_here, corpus.format):
                raw = FORMATS[corpus.format].raw_files(corpus.path_here, corpus.annotations_here)
            yield from (path.name for path in raw)


def _paths(workspace: Workspace, settings: Sequence[CorpusSettings]) -> set[str]:
    """RETURNS (set[str]): Folders, as they may appear in a file. Relative ones only if they have more than one name."""
    encoder = [workspace.recipe.encoder.path] if workspace.recipe.encoder else []
    named = [path for corpus in settings for path in (corpus.path, corpus.path_here, corpus.annotations_here) if path]
    places = [*named, *encoder, workspace.training, workspace.metrics, workspace.corpus, workspace.corpus / TOKENIZER]
    absolute = [Path.home(), Path.cwd(), Path(tempfile.gettempdir()), *(place.absolute() for place in places)]
    relative = [place for place in places if len(place.parts) > 1 and len(str(place)) >= SHORTEST_PATH]
    return {path.as_posix() for path in (*absolute, *relative) if path != Path(path.anchor)}


def texts_of(data: Mapping[str, Any]) -> list[str]:
    """RETURNS (list[str]): Every string in plain data, such as a package's metadata."""
    return [leaf.value for leaf in open_file("", srsly.msgpack_dumps(data)) if isinstance(leaf.value, str)]
