"""Audit a wheel: look through all that it holds for traces of the corpora and of this machine."""
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from wasabi import msg

from scripts.base.errors import ProjectError
from scripts.experiments.config import ENCODER
from scripts.experiments.workspace import Workspace
from scripts.shipping.card import CITATION, TEMPLATE, Described
from scripts.shipping.contents import Leaf, open_file, text_runs
from scripts.shipping.pipeline import BUNDLED
from scripts.shipping.sources import NOTICE
from scripts.shipping.traces import Traces, find_traces, names_of, phrases_of, texts_of, words_of
from scripts.shipping.wheel import PACKAGE_INIT

# A wheel's own list of hashes: letters in any order.
HASH = re.compile(r"sha256=[\w-]+")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# What a finding is called. None of them quotes what was found.
TOKEN, HASH_OF_TOKEN, WORD = "a token of a text", "the hash of a token", "a word of a text"
SENTENCE, NAME, PATH = "words of a sentence", "a document id or the name of a file, user or machine", "a local path"
# Whoever reads hashes of words has the words, by trying; smaller numbers are sizes and positions.
SMALLEST_HASH = 1 << 32


@dataclass(frozen=True)
class Finding:
    """Something that must not be in a wheel; what exactly it is isn't told, since that may be clinical text.

    file (str): The file in the wheel, and the members of archives that lead to it.
    kind (str): What was found there.
    """

    file: str
    kind: str


@dataclass(frozen=True)
class Audit:
    """What was looked through, and what was found.

    files (int): Files in the wheel.
    strings (int): Strings and texts in them.
    megabytes (float): Blobs in them.
    looked_for (int): Distinct tokens of the corpora.
    findings (tuple[Finding, ...]): Each kind once per file.
    """

    files: int
    strings: int
    megabytes: float
    looked_for: int
    findings: tuple[Finding, ...] = ()


def audit_wheel(wheel: Path, traces: Traces) -> Audit:
    """Look through a wheel, in time that grows with its size alone.

    wheel (Path): The wheel.
    traces (Traces): What must not be in it.
    RETURNS (Audit): What was found.
    """
    strings, size = 0, 0
    findings: dict[Finding, None] = {}
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        for name in names:
            for leaf in (Leaf(name, name), *open_file(name, archive.read(name))):
                strings += isinstance(leaf.value, str)
                size += len(leaf.value) if isinstance(leaf.value, bytes) else 0
                findings.update((Finding(leaf.where, kind), None) for kind in kinds_in(leaf, traces))
    return Audit(len(names), strings, round(size / 1e6, 1), len(traces.tokens), tuple(findings))


def traces_for(workspace: Workspace, described: Described) -> Traces:
    """Gather what must not be in a package.

    workspace (Workspace): The experiment and its surroundings.
    described (Described): What is written for the package.
    RETURNS (Traces): What is looked for.
    """
    code = [path.read_text(encoding="utf8") for path in (*BUNDLED, PACKAGE_INIT, TEMPLATE, NOTICE, CITATION)]
    return find_traces(workspace, code, [*texts_of(described.meta), *described.documents(0).values()])


def kinds_in(leaf: Leaf, traces: Traces) -> set[str]:
    """RETURNS (set[str]): What a single string, number or blob holds that it must not hold."""
    if isinstance(leaf.value, int):
        return {HASH_OF_TOKEN} if leaf.value >= SMALLEST_HASH and leaf.value in traces.hashes else set()
    if isinstance(leaf.value, bytes):
        return {kind for run in text_runs(leaf.value) for kind in _in_text(run, traces)}
    text = HASH.sub("", leaf.value)
    if f"/{ENCODER}/" in leaf.where:
        text = "\n".join(line for line in text.splitlines() if line not in traces.encoder)
    return {*_in_string(leaf.where, text, traces), *_in_text(text, traces)}


def _in_string(where: str, text: str, traces: Traces) -> Iterator[str]:
    if "/vocab/" in where and not traces.tokens.isdisjoint([text.lower(), *text.lower().split()]):
        yield TOKEN
    if not traces.words.isdisjoint(words_of(text)):
        yield WORD


def _in_text(text: str, traces: Traces) -> Iterator[str]:
    """Find what is distinctive enough to count also among numbers."""
    text = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if not traces.phrases.isdisjoint(phrases_of(text)):
        yield SENTENCE
    if not traces.names.isdisjoint(names_of(text)):
        yield NAME
    if any(path in text.lower() for path in traces.paths):
        yield PATH


def pass_audit(wheel: Path, traces: Traces) -> Audit:
    """Let only a wheel through that holds nothing it must not hold, and tell so.

    wheel (Path): The wheel.
    traces (Traces): What must not be in it.
    RETURNS (Audit): What was looked through.
    RAISES (ProjectError): If something was found: says where, and of what kind it is, without a word of it.
    """
    audit = audit_wheel(wheel, traces)
    if audit.findings:
        first, *others = audit.findings
        more = f", and {len(others)} more like it" if others else ""
        raise ProjectError(
            f"the wheel holds {first.kind} in {first.file}{more}",
            where=wheel.name,
            remedy="run `weasel run package` to build it anew, and don't pass it on if that says the same",
        )
    msg.info(summary(audit))
    return audit


def summary(audit: Audit) -> str:
    """RETURNS (str): What was looked through, in one line."""
    return (
        f"Audited {audit.files} files, {audit.strings} strings and {audit.megabytes} MB of numbers for "
        f"{audit.looked_for} tokens of the corpora, their sentences, document ids and local paths: nothing found"
    )
