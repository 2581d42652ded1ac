"""Gather what of the corpora and of this machine must not be in a package: words, sentences, ids, names, paths."""
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
from scripts.corpora.recognise import name_format
from scripts.corpora.settings import ABOUT, CorpusSettings
from scripts.experiments.workspace import Workspace
from scripts.shipping.contents import Leaf, open_file

WORD = re.compile(r"[^\W_]+")
# Something that may be an id, a file name or the name of a machine.
NAME = re.compile(r"[\w.\-]+(?:/[\w.\-]+)*")
# Shorter words, ids and names are in other things by chance: "note", "1", "mg".
SHORTEST_WORD, SHORTEST_NAME, SHORTEST_NUMBER, SHORTEST_PATH = 5, 6, 7, 8
# So many words in a row of a sentence; of a shorter sentence all, if they are more than one and not too short.
PHRASE, SHORTEST_PHRASE = 4, 16
# What setuptools writes: the fields of core metadata and of its own files.
SETUPTOOLS = """
Metadata-Version Name Version Summary Home-page Author Author-email License License-File License-Expression Keywords
Requires-Python Requires-Dist Requires-External Provides-Extra Dynamic Classifier Description Description-Content-Type
Platform Project-URL Maintainer Obsoletes-Dist Wheel Generator setuptools Root-Is-Purelib Tag METADATA RECORD top_level
entry_points dist-info licenses README spacy_models models
"""
# Of a table of vectors, which lies beside the strings.
SETTINGS_OF_VECTORS = ("mode", "default", "floret")
ACCOUNTS = ("admin", "administrator", "localhost", "runner", "ubuntu")


@dataclass(frozen=True)
class Allowed:
    """What a package may hold, whether a corpus has it too or not.

    strings (frozenset[str]): What any pipeline lists in its table of strings, and the labels.
    texts (tuple[str, ...]): Code, templates, licences, what corpus files tell people: words, phrases and names.
    words (frozenset[str]): Words of what is written for the package, in lower case.
    encoder (frozenset[str]): Strings of the encoder that the training started from.
    keys (frozenset[int]): Keys of the word vectors that it started from.
    """

    strings: frozenset[str]
    texts: tuple[str, ...]
    words: frozenset[str] = frozenset()
    encoder: frozenset[str] = frozenset()
    keys: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Traces:
    """What a package must not hold. All text is in lower case; of what the package may hold, nothing is among it.

    tokens (frozenset[str]): Tokens of the texts, which no table of strings may list.
    hashes (frozenset[int]): spaCy's hashes of them, which no table of vectors or lookups may have for keys.
    words (frozenset[str]): Their words from SHORTEST_WORD letters on, which nothing that is written may use.
    phrases (frozenset[int]): Python's hashes of words in a row; see `phrases_of`.
    names (frozenset[str]): Document ids, names of raw files, and those of user and machine, as far as they are
        distinctive.
    paths (tuple[str, ...]): Folders of this machine, and of the corpora as their files name them.
    encoder (frozenset[str]): Strings of the encoder itself, which it may keep: its vocabulary above all.
    """

    tokens: frozenset[str]
    hashes: frozenset[int]
    words: frozenset[str]
    phrases: frozenset[int]
    names: frozenset[str]
    paths: tuple[str, ...]
    encoder: frozenset[str]


def find_traces(workspace: Workspace, code: Sequence[str], written: Sequence[str]) -> Traces:
    """Gather what must not be in a package of an experiment.

    workspace (Workspace): The experiment; all parts of all its corpora count, trained on or not.
    code (Sequence[str]): Texts of the project that the package holds: code, templates, licences.
    written (Sequence[str]): What is written for this package, its meta and its card.
    RETURNS (Traces): What is looked for.
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
    """Take what is allowed from what must not be found.

    documents (Iterable[Doc]): The texts of the corpora.
    names (Iterable[str]): Document ids, and names of files, user and machine.
    paths (Iterable[str]): Folders.
    allowed (Allowed): What the package may hold.
    RETURNS (Traces): What is looked for.
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
    """RETURNS (list[str]): The words and numbers of a text, in lower case."""
    return WORD.findall(text.lower())


def phrases_of(text: str, whole: bool = False) -> Iterator[int]:
    """Take words in a row from a text.

    text (str): The text.
    whole (bool): Whether it is a sentence, which counts as a whole if it is a short one; of other texts, such rows of
        two and three words are taken wherever they stand.
    YIELDS (int): Python's hash of each row of PHRASE words that is not too short.
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
    """YIELDS (str): What may be an id or a file name in a text, in lower case: whole, by parts, and without suffix."""
    for match in NAME.findall(text.lower()):
        for name in {match, *match.split("/")}:
            yield from {name, name.strip(".-"), name.rpartition(".")[0]}


def is_distinctive(name: str) -> bool:
    """RETURNS (bool): Whether a name is hardly anywhere by chance: neither an ordinary word nor a short number."""
    has_letter, has_digit = any(map(str.isalpha, name)), any(map(str.isdigit, name))
    if name.isdigit():
        return len(name) >= SHORTEST_NUMBER
    return len(name) >= SHORTEST_NAME and has_letter and (has_digit or not name.isalpha()) and name not in ACCOUNTS


def strings_of_libraries() -> list[str]:
    """RETURNS (list[str]): What spaCy, Thinc and PyTorch write whatever a pipeline has read: names of their formats."""
    nlp = spacy.blank("xx")
    weights = io.BytesIO()
    torch.save({"": torch.zeros(1), " ": torch.zeros(1).half()}, weights)
    written = [nlp.to_bytes(), Linear(1, 1).initialize().to_bytes(), weights.getvalue()]
    strings = [string for data in written for string in _strings(open_file("", data))]
    return [*strings, nlp.config.to_str(), *nlp.meta]


def strings_of_encoder(folder: Path) -> Iterator[str]:
    """Read what an encoder says by itself: as its files lie there, and as transformers writes them.

    folder (Path): The encoder.
    YIELDS (str): Every string of its configuration and its tokenizer, and the names of its weights.
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
    """RETURNS (frozenset[int]): The keys of the word vectors that a model starts from."""
    table = Path(vectors) / "vocab" / "key2row" if vectors else None
    return frozenset(srsly.read_msgpack(table)) if table and table.is_file() else frozenset()


def _ids(manifests: Iterable[Manifest]) -> Iterator[str]:
    for manifest in manifests:
        yield from manifest.left_out.ids
        for part in manifest.splits.values():
            yield from part.ids


def _raw_files(settings: Sequence[CorpusSettings]) -> Iterator[str]:
    """YIELDS (str): The names of the raw files that are still there."""
    for corpus in settings:
        if corpus.path_here.exists():
            with name_format(corpus.path_here, corpus.format):
                raw = FORMATS[corpus.format].raw_files(corpus.path_here, corpus.annotations_here)
            yield from (path.name for path in raw)


def _paths(workspace: Workspace, settings: Sequence[CorpusSettings]) -> set[str]:
    """RETURNS (set[str]): Folders as they may stand in a file; of relative ones those that are more than one name."""
    encoder = [workspace.recipe.encoder.path] if workspace.recipe.encoder else []
    named = [path for corpus in settings for path in (corpus.path, corpus.path_here, corpus.annotations_here) if path]
    places = [*named, *encoder, workspace.training, workspace.metrics, workspace.corpus, workspace.corpus / TOKENIZER]
    absolute = [Path.home(), Path.cwd(), Path(tempfile.gettempdir()), *(place.absolute() for place in places)]
    relative = [place for place in places if len(place.parts) > 1 and len(str(place)) >= SHORTEST_PATH]
    return {path.as_posix() for path in (*absolute, *relative) if path != Path(path.anchor)}


def texts_of(data: Mapping[str, Any]) -> list[str]:
    """RETURNS (list[str]): Every string of plain data, such as a package's meta."""
    return [leaf.value for leaf in open_file("", srsly.msgpack_dumps(data)) if isinstance(leaf.value, str)]
