"""Create a project of three small corpora and a tiny encoder, for whole experiments in seconds."""
import shutil
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Sequence

import srsly
from spacy.tokens import Doc, Span

from scripts.base.files import hash_file, read_checked_json, write_checked_json
from scripts.corpora.conversion import convert_corpus, save_corpus, save_tokenizer
from scripts.corpora.docbin import pack_docs
from scripts.corpora.parts import read_documents
from scripts.corpora.settings import read_corpus_settings
from scripts.encoders.folder import hash_folder
from scripts.encoders.record import EncoderRecord, record_file, write_encoder
from scripts.experiments.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]
EXPERIMENT = "tiny"
DOCUMENTS = 12
MENTION = {"Drug": "Drug", "ADR": "Disease"}
# Of each corpus: language, domain, sentences ({0} a drug, {1} a disease), drugs, diseases.
CORPORA: dict[str, tuple[str, str, list[str], list[str], list[str]]] = {
    "en_ugt": (
        "en",
        "ugt",
        [
            "Took {0} for the {1}.",
            "After {0} I felt {1} and a rash.",
            "No {1} today.",
            "My doctor stopped the medicine.",
        ],
        ["aspirin", "ibuprofen", "lisinopril 400 mg", "ibuprofen and aspirin"],
        ["headache", "back pain", "dry mouth", "dizziness"],
    ),
    "ru_ugt": (
        "ru",
        "ugt",
        ["Приняла {0} от {1}.", "После {0} появились {1}.", "Врач отменил {0}.", "Всё прошло через час."],
        ["аспирин", "ибупрофен", "лизиноприл 400 мг"],
        ["головной боли", "тошнота", "сухость во рту", "сыпь"],
    ),
    "ru_ehr": (
        "ru",
        "ehr",
        ["Больному назначен {0} два раза в день при {1}.", "Диагноз: {1}.", "{1}; принимает {0}.", "Давление 130/80."],
        ["ибупрофен", "аспирин 100 мг", "лизиноприл"],
        ["болях в спине", "сахарного диабета", "головокружение", "сыпь на обеих руках"],
    ),
}
# Rates at which so few updates make a model that finds something.
TRAINING = {"epochs": 1, "min_updates": 12, "batch_size": 4, "learn_rate": 0.005, "head_learn_rate": 0.05}
SETTINGS: dict[str, Any] = {
    "corpora": list(CORPORA),
    "model": "softmax",
    "in_corpus": {"seeds": [0], "training": TRAINING},
    "few_shot": {"targets": ["ru_ehr"], "sizes": [4, 8], "seeds": [0, 1], "training": TRAINING},
    "ship": {"training": TRAINING},
}


def make_project(root: Path, encoder: Path) -> Path:
    """Make what `encoder` and `convert` leave behind: configs, converted corpora, the encoder's record.

    root (Path): A folder for the project.
    encoder (Path): Folder of an encoder.
    RETURNS (Path): The same folder.
    """
    write_experiment(root, SETTINGS)
    shutil.copyfile(ROOT / "configs" / "softmax.cfg", root / "configs" / "softmax.cfg")
    save_tokenizer(root / "corpus")
    for name in CORPORA:
        write_corpus(root, name)
        settings = read_corpus_settings(root / "configs" / "corpora" / f"{name}.yml")
        save_corpus(convert_corpus(name, settings), root / "corpus")
    sizes = {"layers": 2, "hidden_size": 32, "vocabulary": 300}
    record = EncoderRecord("offline", "tiny", encoder, "", hash_folder(encoder), **sizes)
    write_encoder(record, record_file(root / "training", record.requested))
    return root


def write_experiment(root: Path, settings: dict[str, Any], name: str = EXPERIMENT) -> None:
    """Write an experiment file."""
    (root / "configs" / "experiments").mkdir(parents=True, exist_ok=True)
    srsly.write_yaml(root / "configs" / "experiments" / f"{name}.yml", settings)


def open_project(root: Path, **changes: Any) -> Workspace:
    """RETURNS (Workspace): The project's experiment, as a command opens it."""
    places = {name: root / name for name in ("configs", "corpus", "training", "metrics")}
    settings = {"experiment": EXPERIMENT, **places, "seed": 0, "threads": 1, "gpu_id": -1, **changes}
    return open_workspace(**settings)


def change_data(workspace: Workspace, corpus: str, part: str) -> None:
    """Make a part of a corpus anew, as if its raw files had changed; the project sees it when it is opened again."""
    documents = read_documents(workspace.part(corpus, part).path)
    changed = documents[0].copy()
    changed.user_data["changed"] = True
    replace_part(workspace, corpus, part, [changed, *documents[1:]])


def replace_part(workspace: Workspace, corpus: str, part: str, documents: Sequence[Doc]) -> None:
    """Write a part of a corpus with other documents, and what its manifest says of the file."""
    path, manifest_file = workspace.part(corpus, part).path, workspace.corpus / corpus / "manifest.json"
    pack_docs(documents).to_disk(path)
    manifest = read_checked_json(manifest_file)
    counts = {"sha256": hash_file(path), "sentences": sum(1 for document in documents for _ in document.sents)}
    manifest["splits"][part].update(counts)
    write_checked_json(manifest_file, manifest)


def single_sentences(document: Doc, count: int) -> list[Doc]:
    """RETURNS (list[Doc]): Documents of one sentence, with numbers as ids: the first of a document, and a number."""
    first = next(document.sents).as_doc()
    sentences = []
    for number in range(count):
        words = [*(token.text for token in first), str(number)]
        sentence = Doc(document.vocab, words=words, sent_starts=[True] + [False] * len(first))
        sentence.ents = [Span(sentence, ent.start, ent.end, ent.label_) for ent in first.ents]
        mentions = [(ent.start_char, ent.end_char, ent.label_) for ent in sentence.ents]
        sentence.user_data = {**document.user_data, "id": str(number), "mentions": mentions}
        sentences.append(sentence)
    return sentences


def write_corpus(root: Path, name: str, documents: int = DOCUMENTS) -> None:
    """Write a corpus as a brat folder, and its corpus file."""
    language, domain, sentences, drugs, diseases = CORPORA[name]
    folder = root / "assets" / name
    folder.mkdir(parents=True, exist_ok=True)
    fillers = zip(cycle(sentences), cycle(drugs), cycle(diseases))
    written: set[str] = set()
    for number in range(documents):
        text, annotations = _document(list(islice(fillers, 3 + number % 2)))
        # Copies of a text would share a side.
        text = text.removesuffix(".\n") + "!\n" if text in written else text
        written.add(text)
        (folder / f"{number:02}.txt").write_text(text, encoding="utf8")
        (folder / f"{number:02}.ann").write_text(annotations, encoding="utf8")
    settings = {"language": language, "domain": domain, "format": "brat", "path": str(folder), "labels": MENTION}
    (root / "configs" / "corpora").mkdir(parents=True, exist_ok=True)
    srsly.write_yaml(root / "configs" / "corpora" / f"{name}.yml", settings)


def _document(fillers: list[tuple[str, str, str]]) -> tuple[str, str]:
    text, lines = "", []
    for sentence, *words in fillers:
        filled = sentence.format(*words)
        for label, slot, word in zip(MENTION, ("{0}", "{1}"), words, strict=True):
            if slot in sentence:
                start = len(text) + filled.index(word)
                lines.append(f"T{len(lines) + 1}\t{label} {start} {start + len(word)}\t{word}\n")
        text += filled + "\n"
    return text, "".join(lines)
