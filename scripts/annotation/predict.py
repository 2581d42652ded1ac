"""Predict entities in portions of raw text, and merge the portions at the end."""
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from scripts.annotation.texts import Place, Portion, TextFiles, name_texts
from scripts.annotation.writing import (
    BRAT,
    DOCBIN,
    LABEL_STUDIO,
    ROW_FORMATS,
    brat_files,
    found_in,
    write_docs,
    write_rows,
)
from scripts.base.errors import ProjectError
from scripts.base.files import (
    atomic_file,
    atomic_folder,
    hash_data,
    hash_file,
    hash_files,
    read_checked_json,
    read_json,
    write_checked_json,
    write_json,
    write_text,
)
from scripts.corpora.formats import brat

# Size of a portion: a few seconds to a minute of CPU time. If a worker is stopped, it loses its current portion.
CHARACTERS = 100_000
TEXTS_PER_BATCH = 16
# In bytes. Larger DocBins are not merged, which limits the memory needed.
LARGEST_DOCBIN = 2**24
PLAN, RESULT, DONE = "plan.json", "result", ".done"
DELETE = "delete the folder, or choose another --output"
SUFFIXES = {LABEL_STUDIO: ".json", BRAT: "", DOCBIN: ""}
SCRIPTS = Path(__file__).parents[1]
# The packages whose code finds entities and writes them.
CODE = ("annotation", "corpora", "ner")


@dataclass(frozen=True)
class Unfinished:
    """Unfinished output, in a folder next to the final one.

    output (Path): The final output: a file, or a folder for brat's files and for DocBins.
    format (str): The output format.
    """

    output: Path
    format: str

    @property
    def folder(self) -> Path:
        """RETURNS (Path): The folder of the unfinished output."""
        return self.output.with_name(f"{self.output.name}.unfinished")

    def begin(self, portions: Sequence[Portion], pipeline: str) -> list[int]:
        """Start, or continue from unfinished output.

        portions (Sequence[Portion]): All portions.
        pipeline (str): Fingerprint of the pipeline.
        RETURNS (list[int]): Numbers of the portions left to do.
        RAISES (ProjectError): If there are no texts, the output already exists, or there is unfinished output of
            another input or another version of this project.
        """
        if not portions:
            raise ProjectError("there are no texts", where="--texts", remedy="add texts, or correct the path")
        if self.output.exists():
            if not (self.folder / PLAN).exists():
                self._clear()
            remedy = "choose another path with --output, or move it away"
            raise ProjectError("already exists", where=self.output, remedy=remedy)
        plan = hash_data([self.format, pipeline, [portion.hash for portion in portions], _hash_code()])
        if not (self.folder / PLAN).exists() or self._is_moved(len(portions)):
            self._clear()
            write_json(self.folder / PLAN, plan)
        elif read_json(self.folder / PLAN, remedy=DELETE) != plan:
            what = "started with other texts, another pipeline, another format or another version of this project"
            raise ProjectError(what, where=self.folder, remedy=DELETE)
        return [number for number in range(len(portions)) if not self._is_done(number)]

    def put(self, number: int, docs: Iterator[Doc]) -> None:
        """Write the predictions of a portion.

        number (int): Number of the portion.
        docs (Iterator[Doc]): The Docs, with their ids in `user_data["id"]`.
        """
        written = [self._part(number)]
        if self.format == DOCBIN:
            write_docs(docs, self._part(number))
        elif self.format == BRAT:
            for doc in docs:
                written += brat.put_files(brat_files(found_in(doc, doc.user_data["id"])), self.folder / RESULT)
            write_text(self._part(number), "")
        else:
            found = (found_in(doc, doc.user_data["id"]) for doc in docs)
            write_rows(found, ROW_FORMATS[self.format], self._part(number))
        hashes = {file.relative_to(self.folder).as_posix(): hash_file(file) for file in written}
        write_checked_json(self._hashes(number), hashes)

    def finish(self, portions: int) -> None:
        """Merge the portions, and delete the unfinished output.

        portions (int): Number of portions.
        """
        parts = [self._part(number) for number in range(portions)]
        if self.format == BRAT:
            (self.folder / RESULT).replace(self.output)
        elif self.format == DOCBIN:
            _merge_docbins(parts, self.output)
        else:
            _join_rows(parts, self.output, as_array=self.format == LABEL_STUDIO)
        self._clear()

    def _is_done(self, number: int) -> bool:
        """RETURNS (bool): Whether a portion was written, and its files haven't changed since."""
        try:
            hashes = read_checked_json(self._hashes(number))
        except ProjectError:
            return False
        if not isinstance(hashes, dict) or self._part(number).name not in hashes:
            return False
        files = {self.folder / name: sha256 for name, sha256 in hashes.items()}
        return all(file.is_file() and hash_file(file) == sha256 for file, sha256 in files.items())

    def _is_moved(self, portions: int) -> bool:
        """RETURNS (bool): Whether brat's files were moved just before the process was stopped."""
        is_done = any(self._part(number).exists() for number in range(portions))
        return self.format == BRAT and is_done and not (self.folder / RESULT).exists()

    def _clear(self) -> None:
        """Delete the unfinished output. Other files that somebody put into the folder stay."""
        # First, so that a folder without it has nothing to continue from, wherever the process is stopped.
        (self.folder / PLAN).unlink(missing_ok=True)
        for part in self.folder.glob(f"*{DONE}"):
            part.unlink()
        shutil.rmtree(self.folder / RESULT, ignore_errors=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06}{DONE}"

    def _hashes(self, number: int) -> Path:
        return self.folder / f"{number:06}.hashes{DONE}"


class Predictor:
    """Predict entities in portions of raw text.

    nlp (Language): The pipeline.
    files (TextFiles): The texts.
    unfinished (Unfinished): The output.
    """

    def __init__(self, nlp: Language, files: TextFiles, unfinished: Unfinished) -> None:
        self._nlp, self._files, self._unfinished = nlp, files, unfinished

    def do(self, number: int, places: Sequence[Place], on_texts: Callable[[int], Any]) -> int:
        """Process a portion.

        number (int): Number of the portion.
        places (Sequence[Place]): Positions of its texts.
        on_texts (Callable): Called after each text, with the number 1.
        RETURNS (int): Number of entities found.
        """
        count = 0

        def docs() -> Iterator[Doc]:
            nonlocal count
            pairs = ((text.text, text.id) for text in self._files.read(places))
            for doc, name in self._nlp.pipe(pairs, as_tuples=True, batch_size=TEXTS_PER_BATCH):
                doc.user_data["id"] = name
                count += len(doc.ents)
                yield doc
                on_texts(1)

        # This frees the vocabulary of one portion before the next.
        with self._nlp.memory_zone():
            self._unfinished.put(number, docs())
        return count


def _hash_code() -> str:
    return hash_files((file for name in CODE for file in (SCRIPTS / name).rglob("*.py")), SCRIPTS)


def output_path(output: str, texts: Path, format: str) -> Path:
    """RETURNS (Path): The given output path or, by default, one in `predictions` named after the texts.

    RAISES (ProjectError): If the path has no name.
    """
    if output and Path(output).name in ("", ".."):
        raise ProjectError("not the path of a new file or folder", where=f"--output {output}", remedy="add a name")
    name = f"{name_texts(texts)}.{format}{SUFFIXES.get(format, '.jsonl')}"
    return Path(output) if output else Path("predictions") / name


def _join_rows(parts: Sequence[Path], output: Path, as_array: bool) -> None:
    """Join files of JSON lines into one file, or into an array."""
    with atomic_file(output) as partial, partial.open("w", encoding="utf8", newline="") as stream:
        lines = (line for part in parts for line in part.open(encoding="utf8", newline="\n"))
        if not as_array:
            stream.writelines(lines)
            return
        for number, line in enumerate(lines):
            stream.write(("[\n" if number == 0 else ",\n") + line.rstrip("\n"))
        stream.write("\n]\n")


def _merge_docbins(parts: Sequence[Path], output: Path) -> None:
    """Merge DocBins, into several if one would be too large: `spacy train` and `convert` read all files in a folder."""
    groups: list[list[Path]] = [[]]
    for part in parts:
        if groups[-1] and sum(one.stat().st_size for one in [*groups[-1], part]) > LARGEST_DOCBIN:
            groups.append([])
        groups[-1].append(part)
    with atomic_folder(output) as folder:
        for number, group in enumerate(groups, start=1):
            first, *others = (DocBin(store_user_data=True).from_disk(part) for part in group)
            for other in others:
                first.merge(other)
            first.to_disk(folder / f"{number:04}.spacy")
