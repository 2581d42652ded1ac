"""Find entities in portions of raw text, and put the portions together once all are done."""
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from scripts.annotation.texts import Place, Portion, TextFiles
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
from scripts.base.files import atomic_file, atomic_folder, hash_data, read_json, write_json, write_text

# What a worker does at a time: some seconds to a minute of a processor's time. What is lost if it is stopped.
CHARACTERS = 100_000
TEXTS_PER_BATCH = 16
# Of a DocBin, so that no more is put together in memory.
LARGEST_DOCBIN = 2**24
PLAN, RESULT, DONE = "plan.json", "result", ".done"
SUFFIXES = {LABEL_STUDIO: ".json", BRAT: "", DOCBIN: ""}


@dataclass(frozen=True)
class Unfinished:
    """What is there of the output as long as it is not finished, in a folder beside it.

    output (Path): The file, or the folder of brat's files and of DocBins, that comes of it.
    format (str): The format to write.
    """

    output: Path
    format: str

    @property
    def folder(self) -> Path:
        """RETURNS (Path): The folder."""
        return self.output.with_name(f"{self.output.name}.unfinished")

    def begin(self, portions: Sequence[Portion], pipeline: str) -> list[int]:
        """Begin, or go on with what was begun.

        portions (Sequence[Portion]): All that is to be done.
        pipeline (str): What changes with the pipeline.
        RETURNS (list[int]): Numbers of the portions that are left to do.
        RAISES (ProjectError): If the output is there already, or something else was begun.
        """
        if self.output.exists():
            # Its process was stopped just before it would have deleted it.
            shutil.rmtree(self.folder, ignore_errors=True)
            remedy = "name another one by --output, or move it away"
            raise ProjectError("there is something here already", where=self.output, remedy=remedy)
        plan = hash_data([self.format, pipeline, [portion.hash for portion in portions]])
        if not (self.folder / PLAN).exists():
            write_json(self.folder / PLAN, plan)
        elif read_json(self.folder / PLAN) != plan:
            what = "begun with other texts, another pipeline or another format"
            raise ProjectError(what, where=self.folder, remedy="delete the folder, or name another --output")
        return [number for number in range(len(portions)) if not self._part(number).exists()]

    def put(self, number: int, docs: Iterator[Doc]) -> None:
        """Write what was found in a portion.

        number (int): Its number.
        docs (Iterator[Doc]): Its texts, their ids under `user_data["id"]`.
        """
        if self.format == DOCBIN:
            write_docs(docs, self._part(number))
        elif self.format == BRAT:
            for doc in docs:
                for name, data in brat_files(found_in(doc, doc.user_data["id"])):
                    (self.folder / RESULT / name).parent.mkdir(parents=True, exist_ok=True)
                    (self.folder / RESULT / name).write_bytes(data)
            write_text(self._part(number), "")
        else:
            found = (found_in(doc, doc.user_data["id"]) for doc in docs)
            write_rows(found, ROW_FORMATS[self.format], self._part(number))

    def finish(self, portions: int) -> None:
        """Put the portions together, and delete what is no longer of use.

        portions (int): How many there are.
        """
        parts = [self._part(number) for number in range(portions)]
        if self.format == BRAT:
            (self.folder / RESULT).replace(self.output)
        elif self.format == DOCBIN:
            _merge_docbins(parts, self.output)
        else:
            _join_rows(parts, self.output, as_array=self.format == LABEL_STUDIO)
        shutil.rmtree(self.folder)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06}{DONE}"


class Predictor:
    """Finds entities in portions of raw text.

    nlp (Language): The pipeline.
    files (TextFiles): The texts.
    unfinished (Unfinished): Where to write.
    """

    def __init__(self, nlp: Language, files: TextFiles, unfinished: Unfinished) -> None:
        self._nlp, self._files, self._unfinished = nlp, files, unfinished

    def do(self, number: int, places: Sequence[Place], on_texts: Callable[[int], Any]) -> int:
        """Do a portion.

        number (int): Its number.
        places (Sequence[Place]): Where its texts stand.
        on_texts (Callable): Told of each text that is done.
        RETURNS (int): How many entities were found.
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

        # The words of one portion are forgotten before the next one.
        with self._nlp.memory_zone():
            self._unfinished.put(number, docs())
        return count


def output_path(output: str, texts: Path, format: str) -> Path:
    """RETURNS (Path): What is written: as named, or else in `predictions`, called like the texts."""
    return Path(output) if output else Path("predictions") / f"{texts.stem}.{format}{SUFFIXES.get(format, '.jsonl')}"


def _join_rows(parts: Sequence[Path], output: Path, as_array: bool) -> None:
    """Put files of JSON lines together: into one of them, or into an array."""
    with atomic_file(output) as partial, partial.open("w", encoding="utf8", newline="") as stream:
        lines = (line for part in parts for line in part.open(encoding="utf8", newline="\n"))
        if not as_array:
            stream.writelines(lines)
            return
        for number, line in enumerate(lines):
            stream.write(("[\n" if number == 0 else ",\n") + line.rstrip("\n"))
        stream.write("\n]\n")


def _merge_docbins(parts: Sequence[Path], output: Path) -> None:
    """Put DocBins together, into one unless that would be large: `spacy train` and `convert` read all of a folder."""
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
