"""Audit a wheel: search it for traces of the corpora and of this machine."""
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

# Hashes in the wheel's own list of files.
HASH = re.compile(r"sha256=[\w-]+")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# Descriptions of findings. They never quote what was found.
TOKEN, HASH_OF_TOKEN, WORD = "a token of a text", "the hash of a token", "a word of a text"
SENTENCE, NAME, PATH = "words of a sentence", "a document id or the name of a file, user or machine", "a local path"
# Words can be recovered from their hashes by trying them out. Smaller numbers are sizes and positions.
SMALLEST_HASH = 1 << 32


@dataclass(frozen=True)
class Finding:
    """A trace in a wheel. The text itself is left out, since it may be clinical.

    file (str): The file in the wheel, and the archive members that lead to it.
    kind (str): Description of what was found there.
    """

    file: str
    kind: str


@dataclass(frozen=True)
class Audit:
    """The outcome of an audit.

    files (int): Number of files in the wheel.
    strings (int): Number of strings and texts in them.
    megabytes (float): Size of the blobs in them.
    looked_for (int): Number of distinct tokens in the corpora.
    findings (tuple[Finding, ...]): The findings, each kind once per file.
    """

    files: int
    strings: int
    megabytes: float
    looked_for: int
    findings: tuple[Finding, ...] = ()


def audit_wheel(wheel: Path, traces: Traces) -> Audit:
    """Audit a wheel. The time depends only on its size.

    wheel (Path): The wheel.
    traces (Traces): The traces to look for.
    RETURNS (Audit): The outcome.
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
    """Collect the traces to look for in a package.

    workspace (Workspace): The experiment and its environment.
    described (Described): Metadata, card and licenses of the package.
    RETURNS (Traces): The traces.
    """
    code = [path.read_text(encoding="utf8") for path in (*BUNDLED, PACKAGE_INIT, TEMPLATE, NOTICE, CITATION)]
    return find_traces(workspace, code, [*texts_of(described.meta), *described.documents(0).values()])


def kinds_in(leaf: Leaf, traces: Traces) -> set[str]:
    """RETURNS (set[str]): The kinds of traces in a single string, number or blob."""
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
    """Find traces that are distinctive enough to look for them in blobs as well."""
    text = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if not traces.phrases.isdisjoint(phrases_of(text)):
        yield SENTENCE
    if not traces.names.isdisjoint(names_of(text)):
        yield NAME
    if any(path in text.lower() for path in traces.paths):
        yield PATH


def pass_audit(wheel: Path, traces: Traces) -> Audit:
    """Audit a wheel, and raise an error if there are any traces.

    wheel (Path): The wheel.
    traces (Traces): The traces to look for.
    RETURNS (Audit): The outcome.
    RAISES (ProjectError): If a trace was found. The error says where and of what kind, but doesn't quote it.
    """
    audit = audit_wheel(wheel, traces)
    if audit.findings:
        first, *others = audit.findings
        more = f", and {len(others)} more like it" if others else ""
        raise ProjectError(
            f"the wheel contains {first.kind} in {first.file}{more}",
            where=wheel.name,
            remedy="run `weasel run package` to rebuild it; don't share it if this error remains",
        )
    msg.info(summary(audit))
    return audit


def summary(audit: Audit) -> str:
    """RETURNS (str): A one-line summary of an audit without findings."""
    return (
        f"Audited {audit.files} files, {audit.strings} strings and {audit.megabytes} MB of numbers for "
        f"{audit.looked_for} tokens of the corpora, their sentences, document ids and local paths: nothing found"
    )
