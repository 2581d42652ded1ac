"""Test what an audit finds in a wheel, wherever it is hidden, and what it accepts."""
import gzip
import io
import json
import pickle
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import srsly
from spacy.strings import hash_string
from spacy.tokens import Doc
from spacy.vocab import Vocab

from scripts.base.errors import ProjectError
from scripts.corpora.parts import read_documents
from scripts.shipping.audit import HASH_OF_TOKEN, NAME, PATH, SENTENCE, TOKEN, WORD, audit_wheel, pass_audit, traces_for
from scripts.shipping.card import describe
from scripts.shipping.contents import open_file
from scripts.shipping.naming import package_name
from scripts.shipping.pipeline import BUNDLED
from scripts.shipping.traces import (
    SETTINGS_OF_VECTORS,
    SETUPTOOLS,
    Allowed,
    is_distinctive,
    strings_of_libraries,
    traces_of,
    words_of,
)
from tests.experiments.tiny import CORPORA
from tests.shipping.conftest import NAMES, VERSION

PIPELINE = f"xx_{NAMES[0]}/xx_{NAMES[0]}-{VERSION}"
WEIGHTS = re.compile("/(transformer|bio_ner)/")
PLANTED_ID = "ward-7/patient_0042"


@pytest.fixture(scope="module")
def traces(packaged):
    described = describe(packaged.workspace, package_name(NAMES[0], VERSION), packaged.results, None)
    found = traces_for(packaged.workspace, described)
    # The tiny corpora's own ids are numbers of two digits.
    return replace(found, names=found.names | {PLANTED_ID})


@pytest.fixture(scope="module")
def sentence(packaged) -> str:
    documents = [doc for name in CORPORA for doc in read_documents(packaged.workspace.part(name, "train").path)]
    return max((sentence.text for doc in documents for sentence in doc.sents), key=len)


def change(wheel: Path, path: Path, name: str, edit) -> Path:
    """Copy a wheel with one of its files edited, or added where there is none."""
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(path, "w") as after:
        for info in before.infolist():
            if info.filename != name:
                after.writestr(info, before.read(info))
        after.writestr(name, edit(before.read(name) if name in before.namelist() else b""))
    return path


def kinds(wheel, traces) -> set[tuple[str, str]]:
    return {(finding.file, finding.kind) for finding in audit_wheel(wheel, traces).findings}


def test_a_clean_wheel_passes_and_all_of_it_was_read(packaged, traces):
    for wheel in packaged.wheels[:1]:
        audit = pass_audit(wheel, traces)
        with zipfile.ZipFile(wheel) as archive:
            assert audit.files == len(archive.namelist())
        assert audit.strings > 300 and audit.looked_for > 50 and audit.megabytes > 0


def test_texts_with_the_words_of_libraries_give_no_alarm(packaged, traces):
    words = ["storage", "tensor", "models", "mode", "position", "weight", "activation", "intermediate", "query"]
    code = [path.read_text(encoding="utf8") for path in BUNDLED]
    allowed = Allowed(frozenset(SETTINGS_OF_VECTORS), (SETUPTOOLS, *strings_of_libraries(), *code))
    document = Doc(Vocab(), words, sent_starts=[True] * len(words))
    theirs = traces_of([document], [], [], allowed)
    both = replace(traces, tokens=traces.tokens | theirs.tokens, words=traces.words | theirs.words)
    assert "storage" in theirs.tokens and audit_wheel(packaged.wheels[0], both).findings == ()


def test_a_corpus_with_every_word_of_the_weights_gives_no_alarm(packaged, traces):
    words = set()
    with zipfile.ZipFile(packaged.wheels[0]) as archive:
        for name in archive.namelist():
            if WEIGHTS.search(name):
                leaves = open_file(name, archive.read(name))
                words |= {word for leaf in leaves if isinstance(leaf.value, str) for word in words_of(leaf.value)}
    assert {"flush", "chance"} <= words
    allowed = Allowed(
        frozenset([*SETTINGS_OF_VECTORS, *packaged.workspace.entity_types]),
        (SETUPTOOLS, *strings_of_libraries(), *(path.read_text(encoding="utf8") for path in BUNDLED)),
        encoder=traces.encoder,
    )
    theirs = traces_of([Doc(Vocab(), sorted(words), sent_starts=[True] * len(words))], [], [], allowed)
    assert len(theirs.words) > 20
    both = replace(traces, words=traces.words | theirs.words)
    assert not [one for one in audit_wheel(packaged.wheels[0], both).findings if WEIGHTS.search(one.file)]


def add_to_json(*strings):
    return lambda data: json.dumps([*json.loads(data), *strings]).encode()


def in_tokenizer(data: bytes) -> bytes:
    """Add a token to the encoder's tokenizer, where it lies in the message of a layer."""
    message = srsly.msgpack_loads(data)
    for shims in message["shims"]:
        for number, packed in enumerate(shims):
            own = srsly.msgpack_loads(packed)
            tokenizer = json.loads(own["tokenizer"]["tokenizer.json"])
            tokenizer["added_tokens"].append({"id": 9999, "content": "лизиноприл", "special": False})
            own["tokenizer"]["tokenizer.json"] = json.dumps(tokenizer).encode()
            shims[number] = srsly.msgpack_dumps(own)
    return srsly.msgpack_dumps(message)


def in_archive(data: bytes) -> bytes:
    """Put a name into the pickle inside a zipped file of weights."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(made, "w") as after:
        for info in before.infolist():
            after.writestr(info, before.read(info))
        after.writestr("archive/names.pkl", pickle.dumps({"layer": PLANTED_ID}))
    return made.getvalue()


@pytest.mark.parametrize(
    "file, edit, kind",
    [
        ("vocab/strings.json", add_to_json("ibuprofen"), TOKEN),
        ("vocab/strings.json", add_to_json("Ибупрофен"), TOKEN),
        ("vocab/key2row", lambda data: srsly.msgpack_dumps({hash_string("ibuprofen"): 0}), HASH_OF_TOKEN),
        ("vocab/lookups.bin", lambda data: srsly.msgpack_dumps({"lexeme_prob": {"ibuprofen": -9.5}}), TOKEN),
        ("transformer/model", in_tokenizer, WORD),
        ("transformer/weights.pt", in_archive, NAME),
        ("config.cfg", lambda data: data + f"\n[paths]\nfirst = {PLANTED_ID}.txt\n".encode(), NAME),
        ("config.cfg", lambda data: data + b"\n# seen: ibuprofen\n", WORD),
        ("bio_ner/cfg", lambda data: srsly.msgpack_dumps({"seen": ["ibuprofen"]}), WORD),
    ],
)
def test_what_is_planted_is_found_where_it_was_planted(packaged, traces, tmp_path, file, edit, kind):
    wheel = change(packaged.wheels[0], tmp_path / packaged.wheels[0].name, f"{PIPELINE}/{file}", edit)
    found = kinds(wheel, traces)
    assert {where.startswith(f"{PIPELINE}/{file}") for where, _ in found} == {True}
    assert kind in {what for _, what in found}


def test_a_local_path_in_the_meta_is_found(packaged, traces, tmp_path):
    name = f"{PIPELINE}/meta.json"

    def edit(data):
        return json.dumps({**json.loads(data), "notes": f"from {packaged.root / 'corpus' / 'x'}"}).encode()

    assert (name, PATH) in kinds(change(packaged.wheels[0], tmp_path / "a.whl", name, edit), traces)


@pytest.mark.parametrize("encode", ["utf-8", "utf-16-le", "utf-16-be", "json", "gzip", "zip"])
@pytest.mark.parametrize("offset", [0, 1])
def test_a_sentence_among_numbers_is_found_in_any_encoding(packaged, traces, sentence, tmp_path, encode, offset):
    numbers = numpy.random.default_rng(0).normal(size=5000).astype("float32").tobytes()
    if encode == "json":
        text = json.dumps(sentence).encode()
    else:
        text = sentence.encode("utf8" if encode in ("gzip", "zip") else encode)
    blob = numbers + b"\x01" * offset + text + numbers
    if encode == "gzip":
        blob = gzip.compress(blob)
    if encode == "zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data/0", blob)
        blob = made.getvalue()
    name = f"{PIPELINE}/transformer/extra"
    wheel = change(packaged.wheels[0], tmp_path / "a.whl", name, lambda data: blob)
    found = kinds(wheel, traces)
    assert {kind for _, kind in found} == {SENTENCE} and all(where.startswith(name) for where, _ in found)


def test_numbers_alone_give_no_alarm(packaged, traces, tmp_path):
    numbers = numpy.random.default_rng(1).integers(0, 256, size=2_000_000, dtype="uint8").tobytes()
    name = f"{PIPELINE}/transformer/extra"
    assert kinds(change(packaged.wheels[0], tmp_path / "a.whl", name, lambda data: numbers), traces) == set()


def test_the_error_is_one_line_that_quotes_no_text(packaged, traces, sentence, tmp_path):
    name = f"{PIPELINE}/README.md"
    wheel = change(packaged.wheels[0], tmp_path / "a.whl", name, lambda data: data + sentence.encode())
    with pytest.raises(ProjectError, match=f"the wheel contains .* in {name}") as error:
        pass_audit(wheel, traces)
    told = str(error.value)
    assert "\n" not in told and not any(word in told for word in sentence.split() if len(word) > 4)


@pytest.mark.parametrize("name", ["1", "note", "00", "train", "20190101"[:6], "patient", "aspirin"])
def test_an_id_that_may_be_anywhere_is_not_looked_for(name):
    assert not is_distinctive(name)
    document = Doc(Vocab(), ["Nothing", "here", "."], sent_starts=[True, False, False])
    assert traces_of([document], [name], [], Allowed(frozenset(), ())).names == frozenset()


def test_what_the_project_says_itself_is_not_looked_for():
    words = ["Patient", "took", "lisinopril", "twice", "a", "day"]
    document = Doc(Vocab(), words, sent_starts=[True] + [False] * 5)
    allowed = Allowed(frozenset(["Patient"]), ("the patient took lisinopril", "id-0042"))
    traces = traces_of([document], ["id-0042", "id-0043"], [], allowed)
    assert traces.words == {"twice"} and "patient" not in traces.tokens and "twice" in traces.tokens
    assert traces.names == {"id-0043"}
