"""Write selected sentences for annotation, with their positions, contexts and a pipeline's predictions, in formats that
`convert` reads once they are annotated."""
import json
import re
from collections import defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Iterator, Mapping, Sequence

from scripts.annotation.suggest import Candidate, Chosen, Observed
from scripts.annotation.texts import TextFiles
from scripts.annotation.writing import BRAT, LABEL_STUDIO, ROW_FORMATS, Found, check_texts
from scripts.base.errors import ProjectError, name_id
from scripts.base.files import atomic_folder, write_text
from scripts.corpora.formats import brat
from scripts.corpora.formats.sentences_of import place_of
from scripts.corpora.schema import LONGEST_DOCUMENT, Document, Mention

FORMATS = (BRAT, *ROW_FORMATS)
# Annotators replace this value with their answer. Doccano would keep it, and a Label Studio task has predictions.
UNANSWERED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"jsonl": {"answer": "ignore"}, "prodigy": {"answer": "ignore"}}
)
SUFFIXES = {BRAT: "", LABEL_STUDIO: ".json"}
FOLDER = Path("suggestions")
# Hidden, so that no format reads it if a corpus file has this folder as its path.
LAST_ROUND = ".last-round"
_ROUND = re.compile(r"round-(\d{1,9})(?:\.jsonl?)?")


def suggestion_path(output: str, format: str) -> Path:
    """RETURNS (Path): The given output path or, by default, the next round in `suggestions`.

    RAISES (ProjectError): If it already exists.
    """
    if not output:
        return FOLDER / f"round-{_last_round() + 1}{SUFFIXES.get(format, '.jsonl')}"
    if Path(output).exists():
        remedy = "choose another path, so that annotations there are not lost"
        raise ProjectError("already exists", where=f"--output {output}", remedy=remedy)
    return Path(output)


def remember_round(path: Path) -> None:
    """Keep the number of a round that was written to `suggestions`.

    Annotators move their files elsewhere. If a later round had the same name, it would replace their annotations there.

    path (Path): The file or folder of the round. Nothing is kept for one that is not in `suggestions`.
    """
    if path.parent == FOLDER:
        write_text(FOLDER / LAST_ROUND, f"{_last_round()}\n")


def _last_round() -> int:
    """RETURNS (int): The highest number that a round has had. 0 if there was none."""
    names = (path.name for path in FOLDER.glob("round-*"))
    there = [int(match[1]) for match in map(_ROUND.fullmatch, names) if match]
    file = FOLDER / LAST_ROUND
    kept = file.read_bytes().strip() if file.is_file() else b""
    return max([int(kept) if re.fullmatch(rb"\d{1,9}", kept) else 0, *there])


def check_convertible(files: TextFiles, format: str) -> None:
    """Check that texts can be written in a format and converted, before a pipeline runs and somebody annotates them.

    files (TextFiles): The texts.
    format (str): One of `FORMATS`.
    RAISES (ProjectError): If brat can't represent a text, or a text is too long for `convert`.
    """
    check_texts(files, format)
    for _, text in files.scan():
        if len(text.text) > LONGEST_DOCUMENT:
            what = f"the text '{name_id(text.id)}' has {len(text.text):,} characters, but `convert` allows at most "
            remedy = "split it into several texts"
            raise ProjectError(f"{what}{LONGEST_DOCUMENT:,}", where="--texts", remedy=remedy)


def write_suggestions(chosen: Sequence[Chosen], observed: Observed, files: TextFiles, format: str, path: Path) -> None:
    """Write selected sentences.

    chosen (Sequence[Chosen]): The selected sentences, in the order of the texts.
    observed (Observed): All sentences.
    files (TextFiles): The texts.
    format (str): One of `FORMATS`. For brat, whole texts are written with the sentences marked; otherwise, one row per
        sentence.
    path (Path): The file, or brat's folder. It is written atomically.
    RAISES (ProjectError): If a sentence can't be written in a way that it can be read back.
    """
    if format == BRAT:
        _write_brat(chosen, observed, files, path)
        return
    candidates = observed.candidates
    texts = _texts_of(chosen, candidates, files)
    rows = [ROW_FORMATS[format](_found(one, candidates, texts, format)) for one in chosen]
    if format == LABEL_STUDIO:
        write_text(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _texts_of(chosen: Sequence[Chosen], candidates: Sequence[Candidate], files: TextFiles) -> dict[str, str]:
    """RETURNS (dict[str, str]): The texts of selected sentences, by id."""
    selected = [candidates[one.row] for one in chosen]
    wanted = {candidate.document for candidate in selected}
    texts = {text.id: text.text for _, text in files.scan() if text.id in wanted}
    for candidate in selected:
        if texts.get(candidate.document, "")[candidate.start : candidate.end] != candidate.text:
            what = f"the text '{name_id(candidate.document)}' has changed in the meantime"
            raise ProjectError(what, where="--texts", remedy="start the command again")
    return texts


def _found(chosen: Chosen, candidates: Sequence[Candidate], texts: Mapping[str, str], format: str) -> Found:
    candidate = candidates[chosen.row]
    meta: dict[str, Any] = {
        **place_of(candidate.document, candidate.start, candidate.end, texts[candidate.document]),
        "chosen_by": chosen.method,
        "before": _neighbor(candidates, chosen.row, -1),
        "after": _neighbor(candidates, chosen.row, 1),
        **UNANSWERED.get(format, {}),
    }
    if format == "prodigy":
        # Prodigy shows this below a text.
        meta["meta"] = {key: meta[key] for key in ("source_document", "before", "after")}
    name = f"{candidate.document}:{candidate.start}-{candidate.end}"
    entities = tuple((start, end, label, None) for start, end, label in candidate.mentions)
    return Found(name, candidate.text, entities, tuple(map(tuple, candidate.tokens.tolist())), meta)


def _neighbor(candidates: Sequence[Candidate], row: int, step: int) -> str:
    """RETURNS (str): The previous or next sentence in the text. Empty if there is none."""
    other = row + step
    is_there = 0 <= other < len(candidates) and candidates[other].document == candidates[row].document
    return candidates[other].text if is_there else ""


def _write_brat(chosen: Sequence[Chosen], observed: Observed, files: TextFiles, path: Path) -> None:
    candidates = observed.candidates
    by_text: dict[str, list[Chosen]] = defaultdict(list)
    for one in chosen:
        by_text[candidates[one.row].document].append(one)
    with atomic_folder(path) as folder:
        for _, text in files.scan():
            if text.id in by_text:
                brat.put_files(_brat_files(text.id, text.text, by_text[text.id], candidates), folder)
        # In each folder, so that `convert` knows what is there if an annotator deletes all marks.
        for place in {folder, *((folder / name).parent for name in by_text)}:
            (place / brat.SETTINGS).write_text(_brat_settings(observed.labels), encoding="utf8")


def _brat_files(
    name: str, text: str, chosen: Sequence[Chosen], candidates: Sequence[Candidate]
) -> Iterator[tuple[str, bytes]]:
    """YIELDS (tuple[str, bytes]): Name and content of a text's files."""
    sentences = [candidates[one.row] for one in chosen]
    marks = [
        Mention(sentence.start, sentence.end, brat.CHOSEN_SENTENCE, id=f"T{number}")
        for number, sentence in enumerate(sentences, start=1)
    ]
    found = [
        (sentence.start + start, sentence.start + end, label)
        for sentence in sentences
        for start, end, label in sentence.mentions
    ]
    mentions = [
        Mention(start, end, label, id=f"T{number}")
        for number, (start, end, label) in enumerate(found, start=len(marks) + 1)
    ]
    (text_name, data), (annotation_name, annotations) = brat.as_files(Document(name, text, (*marks, *mentions)))
    notes = "".join(f"#{number}\tAnnotatorNotes T{number}\tsentence of {name}\n" for number, _ in enumerate(marks, 1))
    yield text_name, data
    yield annotation_name, annotations + notes.encode("utf8")


def _brat_settings(labels: Sequence[str]) -> str:
    """RETURNS (str): brat's annotation.conf, with the labels of a pipeline."""
    return "\n".join(["[entities]", brat.CHOSEN_SENTENCE, *labels, "[relations]", "[events]", "[attributes]", ""])
